// Dense int8 DEPTHWISE_CONV_2D.
#ifndef CUSTOM_OPS_KERNELS_DEPTHWISE_CONV2D_H_
#define CUSTOM_OPS_KERNELS_DEPTHWISE_CONV2D_H_

#include <cstddef>
#include <cstdint>

#include "custom_ops/kernels/channel_scales.h"
#include "custom_ops/kernels/conv2d.h"
#include "custom_ops/kernels/conv_types.h"

namespace kws {

// Bytes of scratch that DepthwiseConv2dM7 needs; 0 when it needs none.
size_t DepthwiseConv2dM7ScratchBytes(const ConvDims& dims, const FilterDims& filter_dims,
                                     const ConvParams& params);

// Output channel c sees input channel c / multiplier only; multiplier = out_channels / in_channels.
//
// The same bytes as TFLite's int8 reference DEPTHWISE_CONV_2D. `input` and `output` are int8 NHWC
// and must not overlap; `filter` is int8 [1, h, w, out_channels]; `bias` is int32 [out_channels] or
// nullptr; `scratch` is 4-byte aligned. `scales.narrow` as ConvIsNarrow says.
//
// 3x3 filters of stride, dilation and multiplier 1, and those that RowLayer takes, go through
// SMLAD; other filters of multiplier 1 four channels at a time; the rest, and there channels beyond
// a multiple of four, singly.
void DepthwiseConv2dM7(const ConvDims& dims, const FilterDims& filter_dims,
                       const ConvParams& params, const ChannelScales& scales, const int8_t* input,
                       const int8_t* filter, const int32_t* bias, int8_t* output, void* scratch);

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_DEPTHWISE_CONV2D_H_
