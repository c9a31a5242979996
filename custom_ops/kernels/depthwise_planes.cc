#include "custom_ops/kernels/depthwise_planes.h"

#include <cstring>

#include "custom_ops/kernels/dsp_bytes.h"

namespace kws {
namespace {

// `columns` columns of four planes.
inline void WeaveColumns(const int8_t* first, int32_t first_step, const int8_t* second,
                         int32_t second_step, uint32_t negated, int32_t columns, uint32_t* words) {
#if KWS_DSP_NATIVE
  uint32_t even0, odd0, even1, odd1;
  asm volatile(
      "1:\n"
      "ldr %[odd0], [%[first]]\n"
      "ldr %[odd1], [%[second]]\n"
      "add %[first], %[first_step]\n"
      "add %[second], %[second_step]\n"
      "sxtab16 %[even0], %[negated], %[odd0]\n"
      "subs %[columns], #1\n"
      "sxtab16 %[even1], %[negated], %[odd1]\n"
      "sxtab16 %[odd0], %[negated], %[odd0], ror #8\n"
      "sxtab16 %[odd1], %[negated], %[odd1], ror #8\n"
      "pkhbt r12, %[even0], %[even1], lsl #16\n"
      "str r12, [%[words]]\n"
      "pkhtb %[even1], %[even1], %[even0], asr #16\n"
      "str %[even1], [%[words], #48]\n"
      "pkhbt %[even0], %[odd0], %[odd1], lsl #16\n"
      "str %[even0], [%[words], #24]\n"
      "pkhtb %[odd1], %[odd1], %[odd0], asr #16\n"
      "str %[odd1], [%[words], #72]\n"
      "add %[words], #96\n"
      "bne 1b\n"
      : [first] "+r"(first), [second] "+r"(second), [columns] "+r"(columns), [words] "+r"(words),
        [even0] "=&r"(even0), [odd0] "=&r"(odd0), [even1] "=&r"(even1), [odd1] "=&r"(odd1)
      : [first_step] "r"(first_step), [second_step] "r"(second_step), [negated] "r"(negated)
      : "r12", "cc", "memory");
#else
  for (; columns > 0; --columns, words += kColumnWords) {
    const uint32_t even0 = AddEvenBytes(negated, LoadWord(first));
    const uint32_t odd0 = AddOddBytes(negated, LoadWord(first));
    const uint32_t even1 = AddEvenBytes(negated, LoadWord(second));
    const uint32_t odd1 = AddOddBytes(negated, LoadWord(second));
    words[0] = PackLowHalves(even0, even1);
    words[kPlaneSlots] = PackLowHalves(odd0, odd1);
    words[2 * kPlaneSlots] = PackHighHalves(even0, even1);
    words[3 * kPlaneSlots] = PackHighHalves(odd0, odd1);
    first += first_step;
    second += second_step;
  }
#endif
}

inline int32_t Plus(int32_t sum, int32_t product) {
  return static_cast<int32_t>(static_cast<uint32_t>(sum) + static_cast<uint32_t>(product));
}

// Four int8 between `low` and `high`.
inline uint32_t ClampBytes(uint32_t word, int32_t low, int32_t high) {
  int8_t bytes[4];
  std::memcpy(bytes, &word, sizeof(bytes));
  for (int8_t& byte : bytes) byte = static_cast<int8_t>(Clamp(byte, low, high));
  std::memcpy(&word, bytes, sizeof(bytes));
  return word;
}

// Row y of a 3x3 filter.
inline bool HasRow(const int8_t* row, int32_t column) {
  return row[0] != 0 || row[column] != 0 || row[2 * column] != 0;
}

PlaneRows RowsOf(const int8_t* filter, int32_t row, int32_t column) {
  const bool first = HasRow(filter, column);
  const bool middle = HasRow(filter + row, column);
  const bool last = HasRow(filter + 2 * row, column);
  if (first && last) return PlaneRows::kAll;
  if (last) return middle ? PlaneRows::kLower : PlaneRows::kLast;
  return middle ? PlaneRows::kUpper : PlaneRows::kFirst;
}

// Unaligned; one STR.
inline void StoreWord(int8_t* p, uint32_t word) { std::memcpy(p, &word, sizeof(word)); }

// The last row pair of a group is the first of the next.
void RepeatSlot(int32_t out_w, uint32_t* planes) {
  uint32_t* const end = planes + PlaneWords(out_w);
  for (; planes != end; planes += kPlaneSlots) planes[0] = planes[kPlaneGroup];
}

// Clamps the results of a group and stores them from `output` on, positions `pixel` bytes apart.
// Returns where the next group begins.
int8_t* StoreStage(uint32_t* stage, int32_t pairs, bool last_is_single, int32_t out_w,
                   const OutputRange& range, int32_t pixel, int8_t* output) {
  ClampStage(range, pairs * 2 * out_w, stage);
  const int32_t row = out_w * pixel;
  for (; pairs > 0; --pairs) {
    int8_t* first = output;
    // Below the last row both are the same: the one that counts is stored last.
    int8_t* second = pairs == 1 && last_is_single ? output : output + row;
    output = second + row;
    const uint32_t* const end = stage + 2 * out_w;
    do {
      StoreWord(second, stage[1]);
      StoreWord(first, stage[0]);
      first += pixel;
      second += pixel;
      stage += 2;
    } while (stage != end);
  }
  return output;
}

}  // namespace

void ClampStage(const OutputRange& range, int32_t words, uint32_t* stage) {
  if (range.full()) return;
  for (int32_t i = 0; i < words; ++i) stage[i] = ClampBytes(stage[i], range.min, range.max);
}

void PackPlaneChannel(const int8_t* filter, int32_t row, int32_t column, int32_t bias,
                      const PlaneScale& scale, int32_t out_w, int32_t i, PlaneQuad* quad) {
  PlaneChannel& packed = quad->channels[i];
  const int32_t factor = quad->narrow ? 2 : 1;
  packed.bias = bias * factor;
  packed.multiplier = scale.multiplier;
  packed.right_and_count = (out_w - 1) * 256;
  packed.offset = scale.shift;
  PlaneRows rows = PlaneRows::kAll;
  if (quad->narrow) {
    const FastRequantizer fast(scale.multiplier, -scale.shift, scale.output_zero_point);
    packed.right_and_count += fast.right;
    packed.offset = fast.offset;
    rows = RowsOf(filter, row, column);
  }
  quad->rows[i] = rows;
  for (int32_t x = 0; x < kPlaneTaps; ++x, filter += column) {
    const int32_t w0 = filter[0] * factor;
    const int32_t w1 = filter[row] * factor;
    const int32_t w2 = filter[2 * row] * factor;
    if (rows == PlaneRows::kAll) {
      packed.weights[2 * x] = PackHalves(w0, w1);
      packed.weights[2 * x + 1] = PackHalves(w1, w2);
    } else if (rows == PlaneRows::kLower) {
      packed.weights[x] = PackHalves(w1, w2);
    } else {
      packed.weights[x] = rows == PlaneRows::kLast ? PackHalves(w2, 0) : PackHalves(w0, w1);
    }
  }
}

PlaneWeaver::PlaneWeaver(const ConvDims& dims, const ConvParams& params)
    : in_h(dims.in_h),
      row(dims.in_w * dims.in_channels),
      pixel(dims.in_channels),
      columns(Clamp(dims.out_w + kPlaneTaps - 1 - params.pad_left, 0, dims.in_w)),
      skipped(params.pad_left * kColumnWords),
      outside((static_cast<uint32_t>(params.input_zero_point) & 0xFFu) * 0x01010101u),
      negated(PackHalves(-params.input_zero_point, -params.input_zero_point)) {}

void PlaneWeaver::Weave(const int8_t* input, int32_t y, int32_t slot, int32_t pairs,
                        uint32_t* planes) const {
  if (columns == 0) return;
  const int8_t* const zeros = reinterpret_cast<const int8_t*>(&outside);
  const uint32_t height = static_cast<uint32_t>(in_h);
  const int8_t* source = input + y * row;
  uint32_t* words = planes + skipped + slot;
  for (; pairs > 0; --pairs, y += 2, source += 2 * row, ++words) {
    const bool has_first = static_cast<uint32_t>(y) < height;
    const bool has_second = static_cast<uint32_t>(y + 1) < height;
    WeaveColumns(has_first ? source : zeros, has_first ? pixel : 0,
                 has_second ? source + row : zeros, has_second ? pixel : 0, negated, columns,
                 words);
  }
}

void RunPlaneGroupWide(const PlaneQuad& quad, const uint32_t* planes, int32_t pairs, int32_t out_w,
                       int32_t zero_point, uint32_t* stage) {
  for (int32_t i = 0; i < kPlaneQuad * pairs; ++i) {
    const PlaneChannel& channel = quad.channels[i % kPlaneQuad];
    const uint32_t* column = planes + i % kPlaneQuad * kPlaneSlots + i / kPlaneQuad;
    int8_t* output = reinterpret_cast<int8_t*>(stage + i / kPlaneQuad * 2 * out_w) + i % kPlaneQuad;
    for (int32_t x = 0; x < out_w; ++x, column += kColumnWords, output += 2 * kPlaneQuad) {
      int32_t sums[2] = {channel.bias, channel.bias};
      for (int32_t tap = 0; tap < kPlaneTaps; ++tap) {
        const uint32_t u = column[kColumnWords * tap];
        const uint32_t l = column[kColumnWords * tap + 1];
        const uint32_t a = channel.weights[2 * tap];
        const uint32_t b = channel.weights[2 * tap + 1];
        sums[0] = Plus(MultiplyAccumulateDual(u, a, sums[0]), LowHalf(l) * HighHalf(b));
        sums[1] = Plus(MultiplyAccumulateDual(l, b, sums[1]), HighHalf(u) * LowHalf(a));
      }
      for (int32_t row = 0; row < 2; ++row) {
        const int32_t scaled =
            MultiplyByQuantizedMultiplier(sums[row], channel.multiplier, channel.offset);
        output[row * kPlaneQuad] =
            static_cast<int8_t>(Clamp(Plus(scaled, zero_point), INT8_MIN, INT8_MAX));
      }
    }
  }
}

void ClearPlanes(int32_t out_w, uint32_t* scratch) {
  for (int32_t i = 0; i < PlaneWords(out_w); ++i) scratch[i] = 0;
}

void RunPlaneQuad(const PlaneQuad& quad, const PlaneWeaver& weaver, const ConvDims& dims,
                  const ConvParams& params, const int8_t* input, int8_t* output,
                  uint32_t* scratch) {
  uint32_t* const planes = scratch;
  uint32_t* const stage = planes + PlaneWords(dims.out_w);
  const OutputRange range = {params.output_zero_point, params.activation_min,
                             params.activation_max};
  const int32_t pairs = (dims.out_h + 1) / 2;
  for (int32_t n = 0; n < dims.batches; ++n) {
    for (int32_t first = 0; first < pairs; first += kPlaneGroup) {
      const int32_t count = Clamp(pairs - first, 0, kPlaneGroup);
      const int32_t kept = first == 0 ? 0 : 1;
      if (kept != 0) RepeatSlot(dims.out_w, planes);
      weaver.Weave(input, 2 * (first + kept) - params.pad_top, kept, count + 1 - kept, planes);
      if (quad.narrow) {
        RunPlaneGroup(quad, planes, count, dims.out_w, stage);
      } else {
        RunPlaneGroupWide(quad, planes, count, dims.out_w, range.zero_point, stage);
      }
      const bool last_is_single = 2 * (first + count) > dims.out_h;
      output =
          StoreStage(stage, count, last_is_single, dims.out_w, range, dims.out_channels, output);
    }
    input += dims.in_h * weaver.row;
  }
}

}  // namespace kws
