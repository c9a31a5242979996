#include "custom_ops/kernels/depthwise_planes.h"

#include <cstring>

#include "custom_ops/kernels/dsp_bytes.h"

namespace kws {
namespace {

// `columns` columns of four planes.
void WeaveColumns(const int8_t* first, int32_t first_step, const int8_t* second,
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
      "str r12, [%[words]], #8\n"
      "pkhtb %[even1], %[even1], %[even0], asr #16\n"
      "str %[even1], [%[words], #8]\n"
      "pkhbt %[even0], %[odd0], %[odd1], lsl #16\n"
      "str %[even0], [%[words]], #24\n"
      "pkhtb %[odd1], %[odd1], %[odd0], asr #16\n"
      "str %[odd1], [%[words], #-8]\n"
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
    words[2] = PackLowHalves(odd0, odd1);
    words[4] = PackHighHalves(even0, even1);
    words[6] = PackHighHalves(odd0, odd1);
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

// Unaligned; one STR.
inline void StoreWord(int8_t* p, uint32_t word) { std::memcpy(p, &word, sizeof(word)); }

}  // namespace

void PackPlaneChannels(const int8_t* filter, const ConvDims& dims, const ChannelScales& scales,
                       const int32_t* bias, int32_t output_zero_point, int32_t channel,
                       PlaneChannel (&channels)[kPlaneQuad]) {
  const int32_t n = dims.out_channels;
  const int32_t factor = scales.narrow ? 2 : 1;
  for (PlaneChannel& packed : channels) {
    uint32_t* words = packed.weights;
    for (int32_t x = 0; x < kPlaneTaps; ++x, words += 2) {
      const int8_t* column = filter + x * n + channel;
      const int32_t w1 = column[kPlaneTaps * n] * factor;
      words[0] = PackHalves(column[0] * factor, w1);
      words[1] = PackHalves(w1, column[2 * kPlaneTaps * n] * factor);
    }
    packed.bias = bias == nullptr ? 0 : bias[channel] * factor;
    packed.multiplier = scales.multiplier(channel);
    packed.right_and_count = (dims.out_w - 1) * 256;
    packed.offset = scales.shift(channel);
    if (scales.narrow) {
      const FastRequantizer fast(packed.multiplier, -scales.shift(channel), output_zero_point);
      packed.right_and_count += fast.right;
      packed.offset = fast.offset;
    }
    ++channel;
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

void PlaneWeaver::Weave(const int8_t* input, int32_t y, int32_t slot, uint32_t* planes) const {
  if (columns == 0) return;
  const int8_t* const zeros = reinterpret_cast<const int8_t*>(&outside);
  const bool has_first = y >= 0 && y < in_h;
  const bool has_second = y + 1 >= 0 && y + 1 < in_h;
  const int8_t* const source = input + y * row;
  WeaveColumns(has_first ? source : zeros, has_first ? pixel : 0, has_second ? source + row : zeros,
               has_second ? pixel : 0, negated, columns, planes + skipped + slot);
}

void PlaneRowPairWide(const PlaneChannel (&channels)[kPlaneQuad], const uint32_t* planes,
                      int32_t parity, int32_t out_w, int32_t zero_point, uint32_t* stage) {
  for (int32_t i = 0; i < kPlaneQuad; ++i, planes += 2) {
    const PlaneChannel& channel = channels[i];
    int8_t* output = reinterpret_cast<int8_t*>(stage) + i;
    for (int32_t x = 0; x < out_w; ++x, output += 2 * kPlaneQuad) {
      int32_t sums[2] = {channel.bias, channel.bias};
      for (int32_t tap = 0; tap < kPlaneTaps; ++tap) {
        const uint32_t u = planes[kColumnWords * (x + tap) + parity];
        const uint32_t l = planes[kColumnWords * (x + tap) + 1 - parity];
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

void StoreStage(uint32_t* stage, int32_t out_w, const OutputRange& range, int32_t pixel,
                int8_t* first, int8_t* second) {
  if (!range.full()) {
    for (int32_t i = 0; i < 2 * out_w; ++i) stage[i] = ClampBytes(stage[i], range.min, range.max);
  }
  if (second == nullptr) second = first;  // the row that counts is stored last
  for (const uint32_t* const end = stage + 2 * out_w; stage != end; stage += 2) {
    StoreWord(second, stage[1]);
    StoreWord(first, stage[0]);
    first += pixel;
    second += pixel;
  }
}

}  // namespace kws
