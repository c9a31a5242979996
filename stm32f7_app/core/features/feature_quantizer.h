// From Q7.8 features to a model's int8 input.
#ifndef KWS_STM32F7_APP_CORE_FEATURES_FEATURE_QUANTIZER_H_
#define KWS_STM32F7_APP_CORE_FEATURES_FEATURE_QUANTIZER_H_

#include <cstdint>

namespace kws {

// Input quantisation of a model: int8 = round(q78 / (256 * scale)) + zero_point, with
// 1 / (256 * scale) = multiplier * 2^(shift - 31), as TFLite's QuantizeMultiplier gives them
// (`kws_tflm/features/quantize.py`).
struct FeatureQuantization {
  int32_t multiplier;
  int32_t shift;  // -31 .. 15
  int32_t zero_point;
};

// TFLite's MultiplyByQuantizedMultiplier (gemmlowp: both roundings) of q78, plus zero point,
// saturated.
int8_t QuantizeFeature(int16_t q78, int32_t multiplier, int32_t shift, int32_t zero_point);

// n features, in order.
void QuantizeFeatures(const int16_t* features, int32_t n, const FeatureQuantization& quantization,
                      int8_t* out);

}  // namespace kws

#endif  // KWS_STM32F7_APP_CORE_FEATURES_FEATURE_QUANTIZER_H_
