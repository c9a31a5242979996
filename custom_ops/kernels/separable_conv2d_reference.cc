#include "custom_ops/kernels/depthwise_row_pruned.h"
#include "custom_ops/kernels/separable_conv2d.h"
#include "custom_ops/kernels/sparse_conv2d.h"
#include "custom_ops/kernels/sparse_geometry.h"

namespace kws {

bool SeparableConv2dGeometry(int32_t batches, int32_t in_h, int32_t in_w, int32_t input_zero_point,
                             int32_t output_zero_point, SeparableConv2d* conv) {
  const RowPrunedDepthwise& first = conv->depthwise_weights;
  const BlockSparseConv& second = conv->pointwise_weights;
  SeparableHalf& depthwise = conv->depthwise;
  SeparableHalf& pointwise = conv->pointwise;
  if (first.use != RowPrunedUse::kSeparable || second.in_channels != first.out_channels) {
    return false;
  }
  if (second.kernel_h != 1 || second.kernel_w != 1 || second.stride_h != 1 ||
      second.stride_w != 1) {
    return false;
  }
  if (!SparseConvGeometry(first, batches, in_h, in_w, &depthwise.dims, &depthwise.params) ||
      !SparseConvGeometry(second, batches, depthwise.dims.out_h, depthwise.dims.out_w,
                          &pointwise.dims, &pointwise.params)) {
    return false;
  }
  depthwise.params.input_zero_point = input_zero_point;
  depthwise.params.output_zero_point = first.inner_zero_point;
  pointwise.params.input_zero_point = first.inner_zero_point;
  pointwise.params.output_zero_point = output_zero_point;
  return true;
}

size_t SeparableConv2dReferenceScratchBytes(const SeparableConv2d& conv) {
  const ConvDims& d = conv.depthwise.dims;
  return (static_cast<size_t>(d.batches) * d.out_h * d.out_w * d.out_channels + 3) / 4 * 4;
}

void SeparableConv2dReference(const SeparableConv2d& conv, const int8_t* input, int8_t* output,
                              void* scratch) {
  int8_t* const between = static_cast<int8_t*>(scratch);
  RowPrunedDepthwiseReference(conv.depthwise_weights, conv.depthwise.dims, conv.depthwise.params,
                              input, conv.depthwise.bias, between);
  SparseConv2dReference(conv.pointwise_weights, conv.pointwise.dims, conv.pointwise.params, between,
                        conv.pointwise.bias, output);
}

}  // namespace kws
