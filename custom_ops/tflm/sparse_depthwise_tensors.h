// Checks of tensors that the operators with packed depthwise weights share.
#ifndef CUSTOM_OPS_TFLM_SPARSE_DEPTHWISE_TENSORS_H_
#define CUSTOM_OPS_TFLM_SPARSE_DEPTHWISE_TENSORS_H_

#include "custom_ops/kernels/conv_types.h"
#include "custom_ops/tflm/compat.h"

namespace kws {

inline bool IsConstantTensor(const TfLiteTensor* tensor) {
  return tensor->allocation_type == kTfLiteMmapRo && tensor->data.data != nullptr;
}

// Quantised int8 of 4 dimensions, small enough that every index of the kernels stays in 32 bits.
inline bool IsActivationTensor(const TfLiteTensor* tensor) {
  constexpr int kMaxSide = 1 << 15;
  constexpr int64_t kMaxElements = int64_t{1} << 28;
  if (tensor->type != kTfLiteInt8 || tensor->dims == nullptr || tensor->dims->size != 4) {
    return false;
  }
  int64_t elements = 1;
  for (int i = 0; i < 4; ++i) {
    const int side = tensor->dims->data[i];
    if (side < 1 || side > kMaxSide) return false;
    elements *= side;
    if (elements > kMaxElements) return false;
  }
  return tensor->quantization.type == kTfLiteAffineQuantization &&
         tensor->params.zero_point >= INT8_MIN && tensor->params.zero_point <= INT8_MAX;
}

inline bool IsPackedTensor(const TfLiteTensor* tensor) {
  const bool bytes = tensor->type == kTfLiteInt8 || tensor->type == kTfLiteUInt8;
  return bytes && IsConstantTensor(tensor) && tensor->dims != nullptr && tensor->dims->size == 1;
}

// Constant int32, one value an output channel.
inline bool IsBiasTensor(const TfLiteTensor* tensor, int32_t out_channels) {
  return tensor->type == kTfLiteInt32 && IsConstantTensor(tensor) && tensor->dims != nullptr &&
         tensor->dims->size == 1 && tensor->dims->data[0] == out_channels;
}

inline bool HasOutputShape(const TfLiteTensor* tensor, const ConvDims& d) {
  const int* shape = tensor->dims->data;
  return shape[0] == d.batches && shape[1] == d.out_h && shape[2] == d.out_w &&
         shape[3] == d.out_channels;
}

}  // namespace kws

#endif  // CUSTOM_OPS_TFLM_SPARSE_DEPTHWISE_TENSORS_H_
