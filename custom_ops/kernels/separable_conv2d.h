// int8 DEPTHWISE_CONV_2D followed by a 1x1 CONV_2D in one operator: the tensor between them does
// not exist. One contract, two implementations with the same bytes.
#ifndef CUSTOM_OPS_KERNELS_SEPARABLE_CONV2D_H_
#define CUSTOM_OPS_KERNELS_SEPARABLE_CONV2D_H_

#include <cstddef>
#include <cstdint>

#include "custom_ops/formats/block_sparse_conv.h"
#include "custom_ops/formats/row_pruned_depthwise.h"
#include "custom_ops/kernels/conv_types.h"

namespace kws {

// One of the halves on its input.
struct SeparableHalf {
  ConvDims dims;
  ConvParams params;
  const int32_t* bias;  // int32 [out_channels]
  bool narrow;          // as RowPrunedDepthwiseIsNarrow or SparseConv2dIsNarrow says
};

struct SeparableConv2d {
  RowPrunedDepthwise depthwise_weights;
  BlockSparseConv pointwise_weights;
  SeparableHalf depthwise, pointwise;
};

// Shapes, padding, clamps and zero points of `conv`, whose weights are set, on an input of batches
// x in_h x in_w; biases and `narrow` are left to the caller. False when the weights do not belong
// together, the second half is not 1x1 of stride 1, or no output position exists.
bool SeparableConv2dGeometry(int32_t batches, int32_t in_h, int32_t in_w, int32_t input_zero_point,
                             int32_t output_zero_point, SeparableConv2d* conv);

// Bytes that SeparableConv2dReference needs: the tensor between the halves.
size_t SeparableConv2dReferenceScratchBytes(const SeparableConv2d& conv);

// The bytes of the two operators one after the other. `input` and `output` are int8 NHWC and must
// not overlap.
void SeparableConv2dReference(const SeparableConv2d& conv, const int8_t* input, int8_t* output,
                              void* scratch);

// Bytes of scratch that SeparableConv2dM7 needs.
size_t SeparableConv2dM7ScratchBytes(const SeparableConv2d& conv);

// The same bytes. Where the first half is 3x3 of stride, dilation and multiplier 1 with a multiple
// of four channels, its results go a few rows at a time into the expanded tiles that the second
// half reads; otherwise both kernels run with the tensor between them in `scratch`, which is 4-byte
// aligned.
void SeparableConv2dM7(const SeparableConv2d& conv, const int8_t* input, int8_t* output,
                       void* scratch);

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_SEPARABLE_CONV2D_H_
