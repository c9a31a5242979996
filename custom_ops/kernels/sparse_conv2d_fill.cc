#include <cstring>

#include "custom_ops/kernels/activation_tile.h"
#include "custom_ops/kernels/dsp_bytes.h"

namespace kws {
namespace {

inline uint32_t DoubleHalves(uint32_t halves) {
#if KWS_DSP_NATIVE
  uint32_t result;
  asm("sadd16 %0, %1, %1" : "=r"(result) : "r"(halves));
  return result;
#else
  return PackHalves(2 * LowHalf(halves), 2 * HighHalf(halves));
#endif
}

// Bytes to int16 pairs (0, 2) and (1, 3), the zero point subtracted, doubled.
struct Expander {
  uint32_t negated_zero_points;

  uint32_t Even(uint32_t bytes) const {
    return DoubleHalves(AddEvenBytes(negated_zero_points, bytes));
  }
  uint32_t Odd(uint32_t bytes) const {
    return DoubleHalves(AddOddBytes(negated_zero_points, bytes));
  }
};

// Whole groups of four columns; returns the columns done.
int32_t ExpandQuads(Expander expand, const int8_t* source, int32_t columns, uint32_t* word) {
  int32_t k = 0;
#if KWS_DSP_NATIVE
  // Eight columns a step. One SXTAB16 or SADD16 a cycle is the bound: the rest pairs with them.
  if (columns >= 8) {
    int32_t steps = columns / 8;
    k = steps * 8;
    const int8_t* from = source;
    uint32_t first, second, even;
    asm volatile(
        "1:\n"
        "ldr %[first], [%[from]], #4\n"
        "ldr %[second], [%[from]], #4\n"
        "subs %[steps], #1\n"
        "sxtab16 %[even], %[negated], %[first]\n"
        "sxtab16 %[first], %[negated], %[first], ror #8\n"
        "sadd16 %[even], %[even], %[even]\n"
        "sadd16 %[first], %[first], %[first]\n"
        "str %[even], [%[word]]\n"
        "sxtab16 %[even], %[negated], %[second]\n"
        "str %[first], [%[word], #32]\n"
        "sxtab16 %[second], %[negated], %[second], ror #8\n"
        "sadd16 %[even], %[even], %[even]\n"
        "sadd16 %[second], %[second], %[second]\n"
        "str %[even], [%[word], #64]\n"
        "str %[second], [%[word], #96]\n"
        "add %[word], #128\n"
        "bne 1b\n"
        : [from] "+r"(from), [word] "+r"(word), [steps] "+r"(steps), [first] "=&r"(first),
          [second] "=&r"(second), [even] "=&r"(even)
        : [negated] "r"(expand.negated_zero_points)
        : "cc", "memory");
  }
#endif
  for (; k + 4 <= columns; k += 4, word += 2 * kTile) {
    const uint32_t bytes = LoadWord(source + k);
    word[0] = expand.Even(bytes);
    word[kTile] = expand.Odd(bytes);
  }
  return k;
}

int32_t ExpandPairs(Expander expand, const int8_t* source, int32_t columns, uint32_t* word) {
  int32_t k = 0;
  for (; k + 4 <= columns; k += 4, word += 2 * kTile) {
    const uint32_t bytes = LoadWord(source + k);
    const uint32_t even = expand.Even(bytes);
    const uint32_t odd = expand.Odd(bytes);
    word[0] = PackLowHalves(even, odd);
    word[kTile] = PackHighHalves(even, odd);
  }
  return k;
}

// A word holds two lanes of one column.
int32_t ExpandSingles(Expander expand, const int8_t* source, const int8_t* second, int32_t columns,
                      uint32_t* word) {
  int32_t k = 0;
  for (; k + 4 <= columns; k += 4, word += 2 * kTile) {
    const uint32_t bytes = LoadWord(source + k);
    const uint32_t bytes_of_second = LoadWord(second + k);
    const uint32_t even = expand.Even(bytes);
    const uint32_t odd = expand.Odd(bytes);
    const uint32_t even_of_second = expand.Even(bytes_of_second);
    const uint32_t odd_of_second = expand.Odd(bytes_of_second);
    word[0] = PackLowHalves(even, even_of_second);
    word[kTile / 2] = PackLowHalves(odd, odd_of_second);
    word[kTile] = PackHighHalves(even, even_of_second);
    word[kTile / 2 * 3] = PackHighHalves(odd, odd_of_second);
  }
  return k;
}

int32_t ExpandFast(TileLayout layout, Expander expand, const int8_t* source, const int8_t* second,
                   int32_t columns, int32_t lane, uint32_t* tile) {
  switch (layout) {
    case TileLayout::kQuad:
      return ExpandQuads(expand, source, columns, tile + lane);
    case TileLayout::kPair:
      return ExpandPairs(expand, source, columns, tile + lane);
    case TileLayout::kSingle:
      break;
  }
  return ExpandSingles(expand, source, second, columns, tile + lane / 2);
}

}  // namespace

void ExpandLane(TileLayout layout, bool narrow, int32_t zero_point, const int8_t* source,
                const int8_t* second, int32_t columns, int32_t lane, uint32_t* tile) {
  const Expander expand = {PackHalves(-zero_point, -zero_point)};
  int32_t k = narrow ? ExpandFast(layout, expand, source, second, columns, lane, tile) : 0;
  int16_t* halves = reinterpret_cast<int16_t*>(tile);
  const int32_t scale = TileScale(narrow);
  for (; k < columns; ++k) {
    halves[TileOffset(layout, k, lane)] = static_cast<int16_t>((source[k] - zero_point) * scale);
    if (layout == TileLayout::kSingle) {
      halves[TileOffset(layout, k, lane + 1)] =
          static_cast<int16_t>((second[k] - zero_point) * scale);
    }
  }
}

namespace {

// Whether a receptive field is consecutive bytes of the input, all columns.
bool IsDirect(const BlockSparseConv& w) {
  return w.kernel_h * w.kernel_w == 1 && w.in_channels == TileColumns(w);
}

// memcpy for a few bytes; nothing when `n` is not positive.
inline void CopyBytes(const int8_t* from, int32_t n, int8_t* to) {
  for (; n >= 4; n -= 4, from += 4, to += 4) {
    const uint32_t word = LoadWord(from);
    std::memcpy(to, &word, sizeof(word));
  }
  for (; n > 0; --n) *to++ = *from++;
}

int32_t FieldBytes(const BlockSparseConv& w) { return (TileColumns(w) + 3) / 4 * 4; }

}  // namespace

size_t TileFiller::ScratchBytes(const BlockSparseConv& w) {
  return IsDirect(w) ? 0 : static_cast<size_t>(FieldBytes(w)) * 2;
}

TileFiller::TileFiller(const BlockSparseConv& w, const ConvDims& dims, const ConvParams& params,
                       bool narrow, void* scratch)
    : w_(w), dims_(dims), params_(params), narrow_(narrow), memory_(static_cast<int8_t*>(scratch)) {
  // Columns between taps and behind the last stay as they are now.
  std::memset(memory_, params.input_zero_point, ScratchBytes(w));
}

const int8_t* TileFiller::Field(const int8_t* input, int32_t y, int32_t x, int8_t* memory) const {
  if (IsDirect(w_)) return input + (y * dims_.in_w + x) * dims_.in_channels;
  Gather(input, y, x, memory);
  return memory;
}

void TileFiller::Gather(const int8_t* input, int32_t y, int32_t x, int8_t* to) const {
  const int32_t channels = dims_.in_channels;
  const int32_t last_y = y + (w_.kernel_h - 1) * params_.dilation_h;
  const int32_t last_x = x + (w_.kernel_w - 1) * params_.dilation_w;
  const bool clipped = y < 0 || x < 0 || last_y >= dims_.in_h || last_x >= dims_.in_w;
  if (clipped) std::memset(to, params_.input_zero_point, static_cast<size_t>(FieldBytes(w_)));
  // Taps of a kernel row that are consecutive in the input and in the columns are copied at once.
  const bool rows = params_.dilation_w == 1 && w_.tap_pitch == channels;
  const int32_t taps = rows ? w_.kernel_w : 1;
  for (int32_t ky = 0; ky < w_.kernel_h; ++ky, y += params_.dilation_h) {
    if (y < 0 || y >= dims_.in_h) {
      to += w_.kernel_w * w_.tap_pitch;
      continue;
    }
    const int8_t* row = input + y * dims_.in_w * channels;
    for (int32_t kx = 0; kx < w_.kernel_w; kx += taps, to += taps * w_.tap_pitch) {
      const int32_t from = x + kx * params_.dilation_w;
      const int32_t begin = from < 0 ? 0 : from;
      const int32_t end = from + taps > dims_.in_w ? dims_.in_w : from + taps;
      CopyBytes(row + begin * channels, (end - begin) * channels, to + (begin - from) * channels);
    }
  }
}

void TileFiller::Fill(const int8_t* input, int32_t first, int32_t count, uint32_t* tile) const {
  const TileLayout layout = TileLayoutOf(w_);
  const bool pairs = layout == TileLayout::kSingle;
  const int32_t right = dims_.out_w * params_.stride_w - params_.pad_left;
  int32_t y = first / dims_.out_w * params_.stride_h - params_.pad_top;
  int32_t x = first % dims_.out_w * params_.stride_w - params_.pad_left;
  const int8_t* source = nullptr;
  for (int32_t lane = 0; lane < count; ++lane) {
    const bool odd = pairs && (lane & 1) != 0;
    const int8_t* field = Field(input, y, x, odd ? memory_ + FieldBytes(w_) : memory_);
    x += params_.stride_w;
    if (x == right) {
      x = -params_.pad_left;
      y += params_.stride_h;
    }
    if (!odd) source = field;
    if (pairs && !odd && lane + 1 < count) continue;
    ExpandLane(layout, narrow_, params_.input_zero_point, source, field, TileColumns(w_),
               odd ? lane - 1 : lane, tile);
  }
}

}  // namespace kws
