#include "custom_ops/kernels/sparse_fully_connected_output.h"

namespace kws {

void FullyConnectedOutput::Store(const int32_t* sums) const {
  const int32_t units = layer.out_channels;
  if (!narrow) {
    for (int32_t unit = 0; unit < units; ++unit) output[unit] = RequantizeWide(unit, sums[unit]);
    return;
  }
  // Locals: the compiler would load the members again after every store of an int8.
  const int32_t* const biases = bias;
  const int32_t* const multipliers = layer.multipliers;
  const int8_t* const shifts = layer.shifts;
  const int32_t odd = 2 * zero_point + 1;
  int8_t* const out = output;
#pragma GCC unroll 2
  for (int32_t unit = 0; unit < units; ++unit) {
    out[unit] = Narrow(multipliers[unit], shifts[unit], biases[unit] + sums[unit], odd);
  }
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
