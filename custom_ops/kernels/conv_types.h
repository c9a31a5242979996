// Shapes and parameters of an int8 convolution, shared by dense and sparse kernels.
#ifndef CUSTOM_OPS_KERNELS_CONV_TYPES_H_
#define CUSTOM_OPS_KERNELS_CONV_TYPES_H_

#include <cstdint>

namespace kws {

// NHWC activations.
struct ConvDims {
  int32_t batches;
  int32_t in_h, in_w, in_channels;
  int32_t out_h, out_w, out_channels;
};

struct ConvParams {
  int32_t stride_h, stride_w;
  int32_t dilation_h, dilation_w;
  int32_t pad_top, pad_left;
  int32_t input_zero_point, output_zero_point;  // int8 range
  int32_t activation_min, activation_max;       // int8 range
};

// Output positions along one axis, and the zeros before the first input position, as TFLite
// counts them. `kernel` is undilated.
constexpr int32_t ConvOutputSize(bool same, int32_t in, int32_t kernel, int32_t stride,
                                 int32_t dilation) {
  const int32_t span = (kernel - 1) * dilation + 1;
  return same ? (in + stride - 1) / stride : (in + stride - span) / stride;
}

constexpr int32_t ConvPadBefore(int32_t in, int32_t out, int32_t kernel, int32_t stride,
                                int32_t dilation) {
  const int32_t total = (out - 1) * stride + (kernel - 1) * dilation + 1 - in;
  return total > 0 ? total / 2 : 0;
}

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_CONV_TYPES_H_
