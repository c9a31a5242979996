// Four channels at a time in planes; two row pairs are held, so every input row is expanded once.
#include "custom_ops/kernels/depthwise_conv2d_3x3.h"
#include "custom_ops/kernels/depthwise_planes.h"

namespace kws {

size_t DepthwiseConv2d3x3M7ScratchBytes(const ConvDims& dims) {
  return static_cast<size_t>(PlaneWords(dims.out_w) + StageWords(dims.out_w)) * sizeof(uint32_t);
}

void DepthwiseConv2d3x3M7(const ConvDims& dims, const ConvParams& params,
                          const ChannelScales& scales, const int8_t* input, const int8_t* filter,
                          const int32_t* bias, int8_t* output, void* scratch) {
  uint32_t* const planes = static_cast<uint32_t*>(scratch);
  uint32_t* const stage = planes + PlaneWords(dims.out_w);
  const OutputRange range = {params.output_zero_point, params.activation_min,
                             params.activation_max};
  const int32_t pixel = dims.out_channels;
  const int32_t row = dims.out_w * pixel;
  for (uint32_t* word = planes; word < stage; ++word) *word = 0;
  const PlaneWeaver weaver(dims, params);
  PlaneChannel channels[kPlaneQuad];
  for (int32_t c = 0; c + kPlaneQuad <= dims.out_channels; c += kPlaneQuad) {
    PackPlaneChannels(filter, dims, scales, bias, range.zero_point, c, channels);
    for (int32_t n = 0; n < dims.batches; ++n) {
      const int8_t* source = input + n * dims.in_h * dims.in_w * dims.in_channels + c;
      int8_t* target = output + n * dims.out_h * row + c;
      weaver.Weave(source, -params.pad_top, 0, planes);
      for (int32_t y = 0; y < dims.out_h; y += 2, target += 2 * row) {
        const int32_t parity = y / 2 % 2;
        weaver.Weave(source, y + 2 - params.pad_top, 1 - parity, planes);
        if (scales.narrow) {
          PlaneRowPair(channels, planes, parity, dims.out_w, stage);
        } else {
          PlaneRowPairWide(channels, planes, parity, dims.out_w, range.zero_point, stage);
        }
        StoreStage(stage, dims.out_w, range, pixel, target,
                   y + 1 < dims.out_h ? target + row : nullptr);
      }
    }
  }
}

}  // namespace kws
