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
inline int32_t ExpandQuads(Expander expand, const int8_t* source, int32_t columns, uint32_t* word) {
  int32_t k = 0;
#if KWS_DSP_NATIVE
  // 16 columns a step. One SXTAB16 or SADD16 a cycle is the bound: the rest pairs with them.
  if (columns >= 16) {
    int32_t steps = columns / 16;
    k = steps * 16;
    const int8_t* from = source;
    uint32_t a, b, c, d, even;
    // clang-format off
#define KWS_EXPAND(x, offset, last, other)                  \
  "sxtab16 %[even], %[negated], " x "\n"                    \
  last                                                      \
  "sxtab16 " x ", %[negated], " x ", ror #8\n"              \
  other                                                     \
  "sadd16 %[even], %[even], %[even]\n"                      \
  "sadd16 " x ", " x ", " x "\n"                            \
  "str %[even], [%[word], #" offset "]\n"
    asm volatile(
        "1:\n"
        "ldr %[a], [%[from]]\n"
        "ldr %[b], [%[from], #4]\n"
        "ldr %[c], [%[from], #8]\n"
        "ldr %[d], [%[from], #12]\n"
        KWS_EXPAND("%[a]", "0", "subs %[steps], #1\n", "add %[from], #16\n")
        KWS_EXPAND("%[b]", "64", "str %[a], [%[word], #32]\n", )
        KWS_EXPAND("%[c]", "128", "str %[b], [%[word], #96]\n", )
        KWS_EXPAND("%[d]", "192 - 256", "str %[c], [%[word], #160]\n", "add %[word], #256\n")
        "str %[d], [%[word], #224 - 256]\n"
        "bne 1b\n"
        : [from] "+r"(from), [word] "+r"(word), [steps] "+r"(steps), [a] "=&r"(a), [b] "=&r"(b),
          [c] "=&r"(c), [d] "=&r"(d), [even] "=&r"(even)
        : [negated] "r"(expand.negated_zero_points)
        : "cc", "memory");
#undef KWS_EXPAND
    // clang-format on
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

// Whether a receptive field is consecutive bytes of the input, all columns.
bool IsDirect(const BlockSparseConv& w) {
  return w.kernel_h * w.kernel_w == 1 && w.in_channels == TileColumns(w);
}

// memcpy for a few bytes; nothing when `n` is not positive.
inline void CopyBytes(const int8_t* from, int32_t n, int8_t* to) {
#pragma GCC unroll 1
  for (; n >= 4; n -= 4, from += 4, to += 4) {
    const uint32_t word = LoadWord(from);
    std::memcpy(to, &word, sizeof(word));
  }
  if (n > 1) {
    const uint16_t half = static_cast<uint16_t>(LoadHalf(from));
    std::memcpy(to, &half, sizeof(half));
    from += 2;
    to += 2;
  }
  if (n > 0 && (n & 1) != 0) *to = *from;
}

int32_t FieldBytes(const BlockSparseConv& w) { return (TileColumns(w) + 3) / 4 * 4; }

}  // namespace

size_t TileFiller::ScratchBytes(const BlockSparseConv& w) {
  return IsDirect(w) ? 0 : static_cast<size_t>(FieldBytes(w)) * 2;
}

TileFiller::TileFiller(const BlockSparseConv& w, const ConvDims& dims, const ConvParams& params,
                       bool narrow, void* scratch)
    : w_(w),
      dims_(dims),
      params_(params),
      narrow_(narrow),
      direct_(IsDirect(w)),
      memory_(static_cast<int8_t*>(scratch)) {
  // Columns between taps and behind the last stay as they are now.
  std::memset(memory_, params.input_zero_point, ScratchBytes(w));
}

void TileFiller::Gather(const int8_t* input, int32_t y, int32_t x, int8_t* to) const {
  // Copies: stores to `to` might change what the references refer to, for all the compiler knows.
  const int32_t channels = dims_.in_channels, in_h = dims_.in_h, in_w = dims_.in_w;
  const int32_t dilation_h = params_.dilation_h, dilation_w = params_.dilation_w;
  const int32_t kernel_h = w_.kernel_h, kernel_w = w_.kernel_w, pitch = w_.tap_pitch;
  const bool clipped = y < 0 || x < 0 || y + (kernel_h - 1) * dilation_h >= in_h ||
                       x + (kernel_w - 1) * dilation_w >= in_w;
  if (clipped) std::memset(to, params_.input_zero_point, static_cast<size_t>(FieldBytes(w_)));
  // Taps of a kernel row that are consecutive in the input and in the columns are copied at once.
  const int32_t taps = dilation_w == 1 && pitch == channels ? kernel_w : 1;
  for (int32_t kx = 0; kx < kernel_w; kx += taps) {
    const int32_t from = x + kx * dilation_w;
    const int32_t begin = from < 0 ? 0 : from;
    const int32_t end = from + taps > in_w ? in_w : from + taps;
    const int8_t* source = input + (y * in_w + begin) * channels;
    int8_t* target = to + kx * pitch + (begin - from) * channels;
    int32_t in_y = y;
    for (int32_t ky = 0; ky < kernel_h; ++ky) {
      if (in_y >= 0 && in_y < in_h) CopyBytes(source, (end - begin) * channels, target);
      in_y += dilation_h;
      source += dilation_h * in_w * channels;
      target += kernel_w * pitch;
    }
  }
}

void TileFiller::Expand(const int8_t* source, const int8_t* second, int32_t lane,
                        uint32_t* tile) const {
  const TileLayout layout = TileLayoutOf(w_);
  const int32_t zero_point = params_.input_zero_point;
  const int32_t columns = TileColumns(w_);
  const Expander expand = {PackHalves(-zero_point, -zero_point)};
  int32_t k = 0;
  if (narrow_) {
    switch (layout) {
      case TileLayout::kQuad:
        k = ExpandQuads(expand, source, columns, tile + lane);
        break;
      case TileLayout::kPair:
        k = ExpandPairs(expand, source, columns, tile + lane);
        break;
      case TileLayout::kSingle:
        k = ExpandSingles(expand, source, second, columns, tile + lane / 2);
        break;
    }
  }
  int16_t* halves = reinterpret_cast<int16_t*>(tile);
  const int32_t scale = TileScale(narrow_);
  for (; k < columns; ++k) {
    halves[TileOffset(layout, k, lane)] = static_cast<int16_t>((source[k] - zero_point) * scale);
    if (layout != TileLayout::kSingle) continue;
    halves[TileOffset(layout, k, lane + 1)] =
        static_cast<int16_t>((second[k] - zero_point) * scale);
  }
}

// The usual 1x1 convolution.
void TileFiller::FillDirectQuads(const int8_t* input, int32_t first, int32_t count,
                                 uint32_t* tile) const {
  const int32_t zero_point = params_.input_zero_point;
  const Expander expand = {PackHalves(-zero_point, -zero_point)};
  const int32_t columns = TileColumns(w_);
  const int32_t step = params_.stride_w * columns;
  const int32_t row_step = params_.stride_h * dims_.in_w * columns;
  const int32_t out_w = dims_.out_w;
  int32_t x = first % out_w;
  const int8_t* row = input + first / out_w * row_step;
  for (int32_t lane = 0; lane < count; ++lane) {
    ExpandQuads(expand, row + x * step, columns, tile + lane);
    if (++x == out_w) {
      x = 0;
      row += row_step;
    }
  }
}

void TileFiller::Fill(const int8_t* input, int32_t first, int32_t count, uint32_t* tile) const {
  if (direct_ && narrow_ && TileLayoutOf(w_) == TileLayout::kQuad) {
    FillDirectQuads(input, first, count, tile);
    return;
  }
  const int32_t lanes = TileLayoutOf(w_) == TileLayout::kSingle ? 2 : 1;
  const int32_t end_x = dims_.out_w * params_.stride_w - params_.pad_left;
  const int32_t channels = dims_.in_channels;
  int32_t y = first / dims_.out_w * params_.stride_h - params_.pad_top;
  int32_t x = first % dims_.out_w * params_.stride_w - params_.pad_left;
  for (int32_t lane = 0; lane < count; lane += lanes) {
    const int8_t* fields[2] = {memory_, memory_};
    for (int32_t i = 0; i < lanes && lane + i < count; ++i) {
      if (direct_) {
        fields[i] = input + (y * dims_.in_w + x) * channels;
      } else {
        fields[i] = memory_ + i * FieldBytes(w_);
        Gather(input, y, x, memory_ + i * FieldBytes(w_));
      }
      x += params_.stride_w;
      if (x == end_x) {
        x = -params_.pad_left;
        y += params_.stride_h;
      }
    }
    if (lane + 1 == count) fields[1] = fields[0];
    Expand(fields[0], fields[1], lane, tile);
  }
}

}  // namespace kws
