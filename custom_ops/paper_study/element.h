// Number formats of the study: how two elements multiply, and how a sum becomes an output.
#ifndef CUSTOM_OPS_PAPER_STUDY_ELEMENT_H_
#define CUSTOM_OPS_PAPER_STUDY_ELEMENT_H_

#include <cstdint>
#include <type_traits>

#include "custom_ops/kernels/requantize.h"

namespace kws::study {

// float for float, int32_t otherwise.
template <typename T>
using SumOf = std::conditional_t<std::is_same_v<T, float>, float, int32_t>;

// int16_t (Q15): round(sum / 2^right_shift), saturated.
// int8_t: TFLite's requantisation with one multiplier (Q31) and shift (positive to the left) a
// channel, plus zero_point, saturated. The input's zero point is in the bias: nothing is padded.
struct OutputStage {
  const int32_t* multipliers;  // [out_c]
  const int32_t* shifts;       // [out_c]
  int32_t right_shift;         // 1 to 31
  int32_t zero_point;
  bool relu;  // nothing below (the quantised) zero
};

// Fused for float. Integers wrap in 32 bits: the order of summation does not matter.
inline float MultiplyAdd(float weight, float input, float sum) {
  return __builtin_fmaf(weight, input, sum);
}

inline int32_t MultiplyAdd(int32_t weight, int32_t input, int32_t sum) {
  return static_cast<int32_t>(static_cast<uint32_t>(sum) + static_cast<uint32_t>(weight * input));
}

template <typename T>
T Finish(SumOf<T> sum, int32_t channel, const OutputStage& stage);

template <>
inline float Finish<float>(float sum, int32_t, const OutputStage& stage) {
  return stage.relu && sum < 0.0f ? 0.0f : sum;
}

template <>
inline int16_t Finish<int16_t>(int32_t sum, int32_t, const OutputStage& stage) {
  const int32_t half = ((sum >> (stage.right_shift - 1)) & 1);  // no overflow near 2^31
  return static_cast<int16_t>(
      Clamp((sum >> stage.right_shift) + half, stage.relu ? 0 : -32768, 32767));
}

template <>
inline int8_t Finish<int8_t>(int32_t sum, int32_t channel, const OutputStage& stage) {
  const int32_t scaled =
      MultiplyByQuantizedMultiplier(sum, stage.multipliers[channel], stage.shifts[channel]);
  return static_cast<int8_t>(
      Clamp(scaled + stage.zero_point, stage.relu ? stage.zero_point : -128, 127));
}

}  // namespace kws::study

#endif  // CUSTOM_OPS_PAPER_STUDY_ELEMENT_H_
