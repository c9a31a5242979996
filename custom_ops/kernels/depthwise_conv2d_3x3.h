// The 3x3 case of DepthwiseConv2dM7, in a file of its own for its length.
#ifndef CUSTOM_OPS_KERNELS_DEPTHWISE_CONV2D_3X3_H_
#define CUSTOM_OPS_KERNELS_DEPTHWISE_CONV2D_3X3_H_

#include "custom_ops/kernels/depthwise_conv2d.h"

namespace kws {

// Four channels.
size_t DepthwiseConv2d3x3M7ScratchBytes(const ConvDims& dims);

// Four channels at least, a filter of 3x3, stride, dilation and multiplier 1; as DepthwiseConv2dM7
// otherwise.
void DepthwiseConv2d3x3M7(const ConvDims& dims, const ConvParams& params,
                          const ChannelScales& scales, const int8_t* input, const int8_t* filter,
                          const int32_t* bias, int8_t* output, void* scratch);

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_DEPTHWISE_CONV2D_3X3_H_
