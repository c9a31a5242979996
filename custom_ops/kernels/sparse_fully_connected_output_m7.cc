#include "custom_ops/kernels/sparse_fully_connected_output.h"

namespace kws {
namespace {

uint32_t Difference(const uint32_t* offsets, int32_t first, int32_t unit, const int32_t* sums) {
  const uint32_t after = static_cast<uint32_t>(sums[offsets[unit + 1] - offsets[first]]);
  return after - static_cast<uint32_t>(sums[offsets[unit] - offsets[first]]);
}

}  // namespace

void FullyConnectedOutput::StoreGeneral(const int32_t* sums) const {
  for (int32_t unit = 0; unit < layer.out_channels; ++unit) {
    output[unit] = RequantizeWide(unit, sums[unit]);
  }
}

void FullyConnectedOutput::DifferencesGeneral(int32_t first, int32_t last, const uint32_t* offsets,
                                              const int32_t* sums) const {
  for (int32_t unit = first; unit < last; ++unit) {
    const uint32_t sum = Difference(offsets, first, unit, sums);
    output[unit] = RequantizeWide(unit, static_cast<int32_t>(sum));
  }
}

// Six cycles a unit in assembly: what is left of a unit after its product (ASR, SSAT, STRB) stands
// in the next one's turn, and so it is below.
void FullyConnectedOutput::StoreOne(const int32_t* sums) const {
#if KWS_DSP_NATIVE
  const int32_t* biases = bias;
  int8_t* out = output;
  int32_t left = layer.out_channels, sum, value, scaled, byte;
  asm volatile(
      "ldr %[sum], [%[biases]], #4\n"
      "ldr %[value], [%[sums]], #4\n"
      "subs %[left], #1\n"
      "add %[sum], %[sum], %[value]\n"
      "lsl %[value], %[sum], #1\n"
      "add %[scaled], %[offset], %[value], asr #31\n"
      "smmlar %[scaled], %[value], %[multiplier], %[scaled]\n"
      "beq 2f\n"
      "ldr %[sum], [%[biases]], #4\n"
      "ldr %[value], [%[sums]], #4\n"
      ".p2align 3\n"
      "1:\n"
      "add %[sum], %[sum], %[value]\n"
      "subs %[left], #1\n"
      "asr %[byte], %[scaled], %[right]\n"
      "lsl %[value], %[sum], #1\n"
      "add %[scaled], %[offset], %[value], asr #31\n"
      "smmlar %[scaled], %[value], %[multiplier], %[scaled]\n"
      "ssat %[byte], #8, %[byte]\n"
      "ldr %[value], [%[sums]], #4\n"
      "it ne\n"
      "ldrne %[sum], [%[biases]], #4\n"
      "strb %[byte], [%[out]], #1\n"
      "bne 1b\n"
      "2:\n"
      "asr %[byte], %[scaled], %[right]\n"
      "ssat %[byte], #8, %[byte]\n"
      "strb %[byte], [%[out]]\n"
      : [sum] "=&r"(sum), [value] "=&r"(value), [scaled] "=&r"(scaled), [byte] "=&r"(byte),
        [left] "+r"(left), [sums] "+r"(sums), [biases] "+r"(biases), [out] "+r"(out)
      : [offset] "r"(scale.one.offset), [multiplier] "r"(scale.one.multiplier),
        [right] "r"(scale.one.right)
      : "cc", "memory");
#else
  for (int32_t unit = 0; unit < layer.out_channels; ++unit) {
    const uint32_t sum = static_cast<uint32_t>(bias[unit]) + static_cast<uint32_t>(sums[unit]);
    output[unit] = static_cast<int8_t>(scale.one(static_cast<int32_t>(sum)));
  }
#endif
}

// Seven cycles a unit.
void FullyConnectedOutput::DifferencesOne(int32_t first, int32_t last, const uint32_t* offsets,
                                          const int32_t* sums) const {
#if KWS_DSP_NATIVE
  const int32_t* biases = bias + first;
  const uint32_t* next_offset = offsets + first + 1;
  int8_t* out = output + first;
  // `at` is read once too often: the shifts of the buffer lie behind its offsets.
  int32_t left = last - first, before = *sums, sum, scaled, at, byte;
  asm volatile(
      "ldr %[at], [%[offsets]], #4\n"
      "ldr %[sum], [%[biases]], #4\n"
      "subs %[left], #1\n"
      "sub %[sum], %[sum], %[before]\n"
      "ldr %[before], [%[origin], %[at], lsl #2]\n"
      "ldr %[at], [%[offsets]], #4\n"
      "add %[sum], %[sum], %[before]\n"
      "lsl %[byte], %[sum], #1\n"
      "add %[scaled], %[offset], %[byte], asr #31\n"
      "smmlar %[scaled], %[byte], %[multiplier], %[scaled]\n"
      "beq 2f\n"
      "ldr %[sum], [%[biases]], #4\n"
      ".p2align 3\n"
      "1:\n"
      "sub %[sum], %[sum], %[before]\n"
      "ldr %[before], [%[origin], %[at], lsl #2]\n"
      "subs %[left], #1\n"
      "ldr %[at], [%[offsets]], #4\n"
      "add %[sum], %[sum], %[before]\n"
      "asr %[byte], %[scaled], %[right]\n"
      "lsl %[scaled], %[sum], #1\n"
      "it ne\n"
      "ldrne %[sum], [%[biases]], #4\n"
      "ssat %[byte], #8, %[byte]\n"
      "strb %[byte], [%[out]], #1\n"
      "add %[byte], %[offset], %[scaled], asr #31\n"
      "smmlar %[scaled], %[scaled], %[multiplier], %[byte]\n"
      "bne 1b\n"
      "2:\n"
      "asr %[byte], %[scaled], %[right]\n"
      "ssat %[byte], #8, %[byte]\n"
      "strb %[byte], [%[out]]\n"
      : [sum] "=&r"(sum), [scaled] "=&r"(scaled), [at] "=&r"(at), [byte] "=&r"(byte),
        [before] "+r"(before), [left] "+r"(left), [biases] "+r"(biases),
        [offsets] "+r"(next_offset), [out] "+r"(out)
      : [origin] "r"(sums - offsets[first]), [offset] "r"(scale.one.offset),
        [multiplier] "r"(scale.one.multiplier), [right] "r"(scale.one.right)
      : "cc", "memory");
#else
  for (int32_t unit = first; unit < last; ++unit) {
    const uint32_t sum = Difference(offsets, first, unit, sums) + static_cast<uint32_t>(bias[unit]);
    output[unit] = static_cast<int8_t>(scale.one(static_cast<int32_t>(sum)));
  }
#endif
}

void FullyConnectedOutput::StoreNarrow(const int32_t* sums) const {
  const int32_t odd = 2 * zero_point + 1;
#if KWS_DSP_NATIVE
  const int32_t* biases = bias;
  const int32_t* multipliers = layer.multipliers;
  const int8_t* shifts = layer.shifts;
  int8_t* out = output;
  int32_t left = layer.out_channels, value, sum, right, scaled, multiplier;
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
  for (int32_t unit = 0; unit < layer.out_channels; ++unit) {
    const int32_t sum =
        static_cast<int32_t>(static_cast<uint32_t>(bias[unit]) + static_cast<uint32_t>(sums[unit]));
    output[unit] = Narrow(layer.multipliers[unit], layer.shifts[unit], sum, odd);
  }
#endif
}

// Nine cycles a unit.
void FullyConnectedOutput::DifferencesNarrow(int32_t first, int32_t last, const uint32_t* offsets,
                                             const int32_t* sums) const {
  const int32_t odd = 2 * zero_point + 1;
#if KWS_DSP_NATIVE
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
    const uint32_t sum = Difference(offsets, first, unit, sums) + static_cast<uint32_t>(bias[unit]);
    output[unit] =
        Narrow(layer.multipliers[unit], layer.shifts[unit], static_cast<int32_t>(sum), odd);
  }
#endif
}

}  // namespace kws
