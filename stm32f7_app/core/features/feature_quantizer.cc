#include "stm32f7_app/core/features/feature_quantizer.h"

namespace kws {
namespace {

// gemmlowp fixedpoint.h: SaturatingRoundingDoublingHighMul. b is a positive multiplier: no
// saturation.
inline int32_t RoundingDoublingHighMul(int32_t a, int32_t b) {
  const int64_t product = static_cast<int64_t>(a) * b;
  const int64_t nudge = product >= 0 ? (int64_t{1} << 30) : 1 - (int64_t{1} << 30);
  return static_cast<int32_t>((product + nudge) / (int64_t{1} << 31));
}

// gemmlowp fixedpoint.h: RoundingDivideByPOT, half away from zero. exponent: 0 .. 31.
inline int32_t RoundingDivideByPowerOfTwo(int32_t value, int32_t exponent) {
  const int32_t mask = static_cast<int32_t>((int64_t{1} << exponent) - 1);
  const int32_t remainder = value & mask;
  const int32_t threshold = (mask >> 1) + (value < 0 ? 1 : 0);
  return (value >> exponent) + (remainder > threshold ? 1 : 0);
}

}  // namespace

int8_t QuantizeFeature(int16_t q78, int32_t multiplier, int32_t shift, int32_t zero_point) {
  const int32_t left_shift = shift > 0 ? shift : 0;
  const int32_t right_shift = shift > 0 ? 0 : -shift;
  const int32_t scaled = RoundingDivideByPowerOfTwo(
      RoundingDoublingHighMul(q78 * (int32_t{1} << left_shift), multiplier), right_shift);
  const int64_t value = static_cast<int64_t>(scaled) + zero_point;
  if (value > INT8_MAX) return INT8_MAX;
  if (value < INT8_MIN) return INT8_MIN;
  return static_cast<int8_t>(value);
}

void QuantizeFeatures(const int16_t* features, int32_t n, const FeatureQuantization& quantization,
                      int8_t* out) {
  for (int32_t i = 0; i < n; ++i) {
    out[i] = QuantizeFeature(features[i], quantization.multiplier, quantization.shift,
                             quantization.zero_point);
  }
}

}  // namespace kws
