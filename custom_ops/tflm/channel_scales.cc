#include <cstring>

#include "custom_ops/tflm/dense_tensors.h"
#include "tensorflow/lite/kernels/internal/quantization_util.h"

namespace kws {
namespace {

constexpr int32_t kMaxShift = 30;

struct Quantization {
  const TfLiteTensor* input;
  const TfLiteTensor* output;
  const float* filter_scales;
  int32_t count;

  // As TFLite: the product and quotient in double, in this order. False when beyond the kernels.
  bool Multiplier(int32_t i, int32_t* multiplier, int32_t* shift) const {
    const double product =
        static_cast<double>(input->params.scale) * static_cast<double>(filter_scales[i]);
    return QuantizeScale(product / static_cast<double>(output->params.scale), multiplier, shift);
  }

  // The bit pattern of a scale: grows by 2^23 when the scale doubles.
  int32_t Key(int32_t i) const {
    int32_t bits;
    std::memcpy(&bits, &filter_scales[i], sizeof(bits));
    return bits;
  }
};

bool AllValid(const Quantization& q) {
  int32_t multiplier, shift;
  for (int32_t i = 0; i < q.count; ++i) {
    if (!q.Multiplier(i, &multiplier, &shift)) return false;
  }
  return true;
}

#if KWS_TFLM_API == 2020
// Finds the origin with which the filter's own scales serve as keys of the shifts. The shift steps
// up by one at every doubling of the scale, so the tightest channel decides; false when a channel
// disagrees all the same (denormal scales) or a difference leaves 32 bits.
bool FindShiftOrigin(const Quantization& q, int32_t* origin) {
  constexpr int64_t kStep = int64_t{1} << ChannelScales::kKeyBits;
  int64_t lowest = INT64_MAX;
  int32_t multiplier, shift;
  for (int32_t i = 0; i < q.count; ++i) {
    q.Multiplier(i, &multiplier, &shift);
    const int64_t candidate = q.Key(i) - shift * kStep;
    if (multiplier != 0 && candidate < lowest) lowest = candidate;
  }
  if (lowest < INT32_MIN || lowest > INT32_MAX) return false;
  *origin = static_cast<int32_t>(lowest);
  for (int32_t i = 0; i < q.count; ++i) {
    q.Multiplier(i, &multiplier, &shift);
    const int64_t distance = q.Key(i) - lowest;
    if (distance < INT32_MIN || distance > INT32_MAX) return false;
    if (multiplier != 0 && distance >> ChannelScales::kKeyBits != shift) return false;
    if (multiplier == 0 && distance >> ChannelScales::kKeyBits > kMaxShift) return false;
  }
  return true;
}

// This generation copies scales and zero points of every filter into the arena, 8 bytes a channel,
// and nobody reads them after Prepare; the zero points of an int8 filter are 0. The multipliers
// take their place, the scales stay. A filter that two operators share is taken by the first: its
// zero points are then no longer 0 (a multiplier of 0 would hide that, so it is not taken either).
bool StoreInPlace(const TfLiteAffineQuantization& affine, const Quantization& q,
                  ChannelScales* scales) {
  TfLiteIntArray* zero_points = affine.zero_point;
  int32_t multiplier, shift;
  if (zero_points->size != q.count || !FindShiftOrigin(q, &scales->shift_origin)) return false;
  for (int32_t i = 0; i < q.count; ++i) {
    q.Multiplier(i, &multiplier, &shift);
    if (zero_points->data[i] != 0 || multiplier == 0) return false;
  }
  int32_t* multipliers = reinterpret_cast<int32_t*>(zero_points->data);
  for (int32_t i = 0; i < q.count; ++i) q.Multiplier(i, &multipliers[i], &shift);
  scales->multipliers = multipliers;
  scales->shift_keys = reinterpret_cast<const int32_t*>(q.filter_scales);
  return true;
}
#else
bool StoreInPlace(const TfLiteAffineQuantization&, const Quantization&, ChannelScales*) {
  return false;
}
#endif

bool StorePersistent(TfLiteContext* context, const DenseTensors& tensors, const Quantization& q,
                     ChannelScales* scales) {
  const size_t bytes = static_cast<size_t>(q.count) * 2 * sizeof(int32_t);
  int32_t* multipliers = static_cast<int32_t*>(AllocateBeside(context, tensors, bytes));
  if (multipliers == nullptr) return false;
  int32_t* keys = multipliers + q.count;
  for (int32_t i = 0; i < q.count; ++i) {
    int32_t shift;
    q.Multiplier(i, &multipliers[i], &shift);
    keys[i] = shift * (int32_t{1} << ChannelScales::kKeyBits);
  }
  scales->multipliers = multipliers;
  scales->shift_keys = keys;
  scales->shift_origin = 0;
  return true;
}

}  // namespace

bool QuantizeScale(double scale, int32_t* multiplier, int32_t* shift) {
  constexpr double kLimit = 1 << kMaxShift;
  *multiplier = 0;
  *shift = 0;
  if (!(scale >= 0.0 && scale < kLimit)) return false;  // NaN as well
  int exponent = 0;
  tflite::QuantizeMultiplier(scale, multiplier, &exponent);
  *shift = exponent;
  return exponent <= kMaxShift;
}

TfLiteStatus PrepareChannelScales(TfLiteContext* context, const char* op_name,
                                  const DenseTensors& tensors, int32_t out_channels,
                                  ChannelScales* scales) {
  const auto* affine =
      static_cast<const TfLiteAffineQuantization*>(tensors.filter->quantization.params);
  if (affine == nullptr || affine->scale == nullptr || affine->zero_point == nullptr ||
      (affine->scale->size != 1 && affine->scale->size != out_channels)) {
    return RefuseNode(context, op_name, "the filter needs one scale, or one an output channel");
  }
  const Quantization q = {tensors.input, tensors.output, affine->scale->data, affine->scale->size};
  if (!AllValid(q)) return RefuseNode(context, op_name, "scales are out of range");
  scales->step = q.count == 1 ? 0 : 1;
  scales->narrow = false;
  if (!StoreInPlace(*affine, q, scales) && !StorePersistent(context, tensors, q, scales)) {
    return RefuseNode(context, op_name, "arena too small for the channel multipliers");
  }
  return kTfLiteOk;
}

}  // namespace kws
