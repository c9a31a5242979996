// int8 DEPTHWISE_CONV_2D without the filter rows that are zero: one contract, two implementations
// with the same bytes. Shapes are those of SparseConvGeometry.
#ifndef CUSTOM_OPS_KERNELS_DEPTHWISE_ROW_PRUNED_H_
#define CUSTOM_OPS_KERNELS_DEPTHWISE_ROW_PRUNED_H_

#include <cstddef>
#include <cstdint>

#include "custom_ops/formats/row_pruned_depthwise.h"
#include "custom_ops/kernels/conv_types.h"

namespace kws {

// Whether no accumulator of this layer can reach 2^30, for any input, and FastRequantizer takes
// every shift: then the M7 kernel requantises by a shorter sequence with the same result.
bool RowPrunedDepthwiseIsNarrow(const RowPrunedDepthwise& weights, const int32_t* bias);

// The same bytes as TFLite's int8 reference DEPTHWISE_CONV_2D on the same weights with their zeros
// in place. `input` and `output` are int8 NHWC and must not overlap; `bias` is int32
// [out_channels].
void RowPrunedDepthwiseReference(const RowPrunedDepthwise& weights, const ConvDims& dims,
                                 const ConvParams& params, const int8_t* input, const int32_t* bias,
                                 int8_t* output);

// Bytes of scratch that RowPrunedDepthwiseM7 needs; 0 when it needs none.
size_t RowPrunedDepthwiseM7ScratchBytes(const RowPrunedDepthwise& weights, const ConvDims& dims,
                                        const ConvParams& params);

// The same result: through SMLAD, four channels at a time, for 3x3 filters of stride, dilation and
// multiplier 1 and those that RowLayer takes; other filters singly. `scratch` is 4-byte aligned;
// `narrow` as RowPrunedDepthwiseIsNarrow says.
void RowPrunedDepthwiseM7(const RowPrunedDepthwise& weights, const ConvDims& dims,
                          const ConvParams& params, bool narrow, const int8_t* input,
                          const int32_t* bias, int8_t* output, void* scratch);

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_DEPTHWISE_ROW_PRUNED_H_
