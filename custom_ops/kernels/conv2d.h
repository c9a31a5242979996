// Dense int8 CONV_2D.
#ifndef CUSTOM_OPS_KERNELS_CONV2D_H_
#define CUSTOM_OPS_KERNELS_CONV2D_H_

#include <cstddef>
#include <cstdint>

#include "custom_ops/kernels/channel_scales.h"
#include "custom_ops/kernels/conv_types.h"

namespace kws {

// Height and width of a filter or pooling window, undilated.
struct FilterDims {
  int32_t h, w;
};

// Bytes of scratch that Conv2dM7 needs: expanded input of a few output positions, and the weights
// of two output channels. Output that is not written yet serves as scratch too.
size_t Conv2dM7ScratchBytes(const ConvDims& dims, const FilterDims& filter_dims);

// output[n, y, x, c] = clamp(requantise(bias[c] + sum filter * (input - input_zero_point)) +
//                            output_zero_point)
//
// The same bytes as TFLite's int8 reference CONV_2D. `input` and `output` are int8 NHWC and must
// not overlap; `filter` is int8 [out_channels, h, w, in_channels]; `bias` is int32 [out_channels]
// or nullptr; `scratch` is 4-byte aligned. `scales.narrow` does not matter.
void Conv2dM7(const ConvDims& dims, const FilterDims& filter_dims, const ConvParams& params,
              const ChannelScales& scales, const int8_t* input, const int8_t* filter,
              const int32_t* bias, int8_t* output, void* scratch);

// Whether no sum of `terms` products of int8 weights and activations, plus bias, can reach 2^30 and
// FastRequantizer takes the shift of every channel: it is a shorter way to the same result.
bool ConvIsNarrow(int64_t terms, const ChannelScales& scales, const int32_t* bias,
                  int32_t out_channels);

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_CONV2D_H_
