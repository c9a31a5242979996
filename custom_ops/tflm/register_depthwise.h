// The sparse DEPTHWISE_CONV_2D and the separable convolution, for a TFLM op resolver:
//   AddCustomOperator(resolver, kSparseDepthwiseName, Register_SPARSE_DEPTHWISE_CONV_2D(),
//                     kSparseDepthwiseVersion);
#ifndef CUSTOM_OPS_TFLM_REGISTER_DEPTHWISE_H_
#define CUSTOM_OPS_TFLM_REGISTER_DEPTHWISE_H_

#include "custom_ops/tflm/compat.h"

namespace kws {

// DEPTHWISE_CONV_2D with row-pruned weights. Inputs: activation (int8 NHWC), packed weights
// (constant int8 or uint8, 1-D, a KWSD buffer of docs/depthwise.md), bias (constant int32
// [out_channels]). One output, int8 NHWC. The same bytes as DEPTHWISE_CONV_2D on the same weights
// with their zeros in place.
inline constexpr char kSparseDepthwiseName[] = "KWS_SPARSE_DEPTHWISE_CONV_2D";
inline constexpr int kSparseDepthwiseVersion = 1;

// The build's kernels: M7 when KWS_KERNELS_M7 is defined non-zero, the reference otherwise.
Registration* Register_SPARSE_DEPTHWISE_CONV_2D();

// One of the two by name, for comparisons.
Registration* Register_SPARSE_DEPTHWISE_CONV_2D_M7();
Registration* Register_SPARSE_DEPTHWISE_CONV_2D_REFERENCE();

// DEPTHWISE_CONV_2D and the 1x1 CONV_2D behind it in one. Inputs: activation (int8 NHWC), packed
// depthwise weights (a KWSD buffer that says `separable`), packed pointwise weights (a KWSP buffer
// of blocks, kernel 1x1), biases of both (constant int32). One output, int8 NHWC. The same bytes as
// the two operators; the tensor between them is not in the model.
inline constexpr char kSeparableConv2dName[] = "KWS_SEPARABLE_CONV_2D";
inline constexpr int kSeparableConv2dVersion = 1;

// As above.
Registration* Register_SEPARABLE_CONV_2D();
Registration* Register_SEPARABLE_CONV_2D_M7();
Registration* Register_SEPARABLE_CONV_2D_REFERENCE();

}  // namespace kws

#endif  // CUSTOM_OPS_TFLM_REGISTER_DEPTHWISE_H_
