// Four channels at a time in planes.
#include "custom_ops/kernels/depthwise_conv2d_3x3.h"
#include "custom_ops/kernels/depthwise_planes.h"

namespace kws {

size_t DepthwiseConv2d3x3M7ScratchBytes(const ConvDims& dims) {
  return static_cast<size_t>(PlaneScratchWords(dims.out_w)) * sizeof(uint32_t);
}

void DepthwiseConv2d3x3M7(const ConvDims& dims, const ConvParams& params,
                          const ChannelScales& scales, const int8_t* input, const int8_t* filter,
                          const int32_t* bias, int8_t* output, void* scratch) {
  uint32_t* const words = static_cast<uint32_t*>(scratch);
  const PlaneWeaver weaver(dims, params);
  const int32_t column = dims.out_channels;
  ClearPlanes(dims.out_w, words);
  PlaneQuad quad;
  for (int32_t c = 0; c < dims.out_channels; c += kPlaneQuad) {
    // The last four once more where a quad does not end with them.
    if (dims.out_channels - c < kPlaneQuad) c = dims.out_channels - kPlaneQuad;
    quad.narrow = scales.narrow;
    for (int32_t i = 0; i < kPlaneQuad; ++i) {
      const int32_t channel = c + i;
      const PlaneScale scale = {scales.multiplier(channel), scales.shift(channel),
                                params.output_zero_point};
      PackPlaneChannel(filter + channel, kPlaneTaps * column, column,
                       bias == nullptr ? 0 : bias[channel], scale, dims.out_w, i, &quad);
    }
    RunPlaneQuad(quad, weaver, dims, params, input + c, output + c, words);
  }
}

}  // namespace kws
