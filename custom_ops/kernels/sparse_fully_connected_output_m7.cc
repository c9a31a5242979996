#include "custom_ops/kernels/sparse_fully_connected_output.h"

namespace kws {

void FullyConnectedOutput::Store(const int32_t* sums) const {
  const int32_t units = layer.out_channels;
  if (!narrow) {
    for (int32_t unit = 0; unit < units; ++unit) output[unit] = RequantizeWide(unit, sums[unit]);
    return;
  }
  const int32_t odd = 2 * zero_point + 1;
#if KWS_DSP_NATIVE
  const int32_t* biases = bias;
  const int32_t* multipliers = layer.multipliers;
  const int8_t* shifts = layer.shifts;
  int8_t* out = output;
  int32_t left = units, value, sum, right, scaled, multiplier;
  asm volatile(
      "ldr %[value], [%[sums]], #4\n"
      "ldr %[sum], [%[biases]], #4\n"
      "ldrsb %[right], [%[shifts]], #1\n"
      "b 2f\n"
      ".p2align 3\n"
      "1:\n"
      "asr %[scaled], %[scaled], %[right]\n"
      "ldr %[value], [%[sums]], #4\n"
      "ssat %[scaled], #8, %[scaled], asr #1\n"
      "ldrsb %[right], [%[shifts]], #1\n"
      "strb %[scaled], [%[out]], #1\n"
      "2:\n"
      "ldr %[multiplier], [%[multipliers]], #4\n"
      "add %[sum], %[sum], %[value]\n"
      "subs %[left], #1\n"
      "mvn %[right], %[right]\n"
      "lsl %[sum], %[sum], #1\n"
      "lsl %[scaled], %[odd], %[right]\n"
      "add %[scaled], %[scaled], %[sum], asr #31\n"
      "smmlar %[scaled], %[sum], %[multiplier], %[scaled]\n"
      "it ne\n"
      "ldrne %[sum], [%[biases]], #4\n"
      "bne 1b\n"
      "asr %[scaled], %[scaled], %[right]\n"
      "ssat %[scaled], #8, %[scaled], asr #1\n"
      "strb %[scaled], [%[out]]\n"
      : [value] "=&r"(value), [sum] "=&r"(sum), [right] "=&r"(right), [scaled] "=&r"(scaled),
        [multiplier] "=&r"(multiplier), [left] "+r"(left), [sums] "+r"(sums), [biases] "+r"(biases),
        [shifts] "+r"(shifts), [multipliers] "+r"(multipliers), [out] "+r"(out)
      : [odd] "r"(odd)
      : "cc", "memory");
#else
  for (int32_t unit = 0; unit < units; ++unit) {
    const int32_t sum =
        static_cast<int32_t>(static_cast<uint32_t>(bias[unit]) + static_cast<uint32_t>(sums[unit]));
    output[unit] = Narrow(layer.multipliers[unit], layer.shifts[unit], sum, odd);
  }
#endif
}

// Nine cycles a unit in assembly: what is left of a unit after its product (ASR, SSAT, STRB) stands
// at the head of the next one's turn.
void FullyConnectedOutput::DifferencesNarrow(int32_t first, int32_t last, const uint32_t* offsets,
                                             const int32_t* sums) const {
  const int32_t odd = 2 * zero_point + 1;
#if KWS_DSP_NATIVE
  if (first == last) return;
  const int32_t* biases = bias + first;
  const int32_t* multipliers = layer.multipliers + first;
  const int8_t* shifts = layer.shifts + first;
  const uint32_t* next_offset = offsets + first + 1;
  int8_t* out = output + first;
  int32_t left = last - first, before = *sums, sum, right, scaled, load;
  asm volatile(
      "ldr %[sum], [%[biases]], #4\n"
      "ldr %[load], [%[offsets]], #4\n"
      "b 2f\n"
      ".p2align 3\n"
      "1:\n"
      "sub %[sum], %[sum], %[before]\n"
      "asr %[scaled], %[scaled], %[right]\n"
      "ssat %[scaled], #8, %[scaled], asr #1\n"
      "ldrsb %[right], [%[shifts]], #1\n"
      "ldr %[before], [%[origin], %[load], lsl #2]\n"
      "strb %[scaled], [%[out]], #1\n"
      "3:\n"
      "ldr %[load], [%[multipliers]], #4\n"
      "subs %[left], #1\n"
      "add %[sum], %[sum], %[before]\n"
      "mvn %[right], %[right]\n"
      "lsl %[scaled], %[odd], %[right]\n"
      "lsl %[sum], %[sum], #1\n"
      "add %[scaled], %[scaled], %[sum], asr #31\n"
      "smmlar %[scaled], %[sum], %[load], %[scaled]\n"
      "itt ne\n"
      "ldrne %[sum], [%[biases]], #4\n"
      "ldrne %[load], [%[offsets]], #4\n"
      "bne 1b\n"
      "asr %[scaled], %[scaled], %[right]\n"
      "ssat %[scaled], #8, %[scaled], asr #1\n"
      "strb %[scaled], [%[out]]\n"
      "b 4f\n"
      "2:\n"
      "sub %[sum], %[sum], %[before]\n"
      "ldrsb %[right], [%[shifts]], #1\n"
      "ldr %[before], [%[origin], %[load], lsl #2]\n"
      "b 3b\n"
      "4:\n"
      : [sum] "=&r"(sum), [right] "=&r"(right), [scaled] "=&r"(scaled), [load] "=&r"(load),
        [before] "+r"(before), [left] "+r"(left), [biases] "+r"(biases), [shifts] "+r"(shifts),
        [multipliers] "+r"(multipliers), [offsets] "+r"(next_offset), [out] "+r"(out)
      : [origin] "r"(sums - offsets[first]), [odd] "r"(odd)
      : "cc", "memory");
#else
  for (int32_t unit = first; unit < last; ++unit) {
    const uint32_t after = static_cast<uint32_t>(sums[offsets[unit + 1] - offsets[first]]);
    const uint32_t before = static_cast<uint32_t>(sums[offsets[unit] - offsets[first]]);
    const uint32_t sum = after - before + static_cast<uint32_t>(bias[unit]);
    output[unit] =
        Narrow(layer.multipliers[unit], layer.shifts[unit], static_cast<int32_t>(sum), odd);
  }
#endif
}

}  // namespace kws
