// The arithmetic of an int8 CONV_2D whose weights come one by one, as plainly as possible.
#ifndef CUSTOM_OPS_KERNELS_SINGLE_WEIGHTS_REFERENCE_H_
#define CUSTOM_OPS_KERNELS_SINGLE_WEIGHTS_REFERENCE_H_

#include "custom_ops/formats/sparse_header.h"
#include "custom_ops/kernels/conv_types.h"
#include "custom_ops/kernels/requantize.h"

namespace kws {

// `for_each(row, add)` calls `add(column, value)` for the stored weights of an output channel;
// columns as in the packed matrix, values in its padding are not used.
template <typename ForEach>
void SingleWeightsReference(const SparseConvLayer& w, const ConvDims& dims,
                            const ConvParams& params, const int8_t* input, const int32_t* bias,
                            int8_t* output, ForEach for_each) {
  for (int32_t n = 0; n < dims.batches; ++n) {
    for (int32_t y = 0; y < dims.out_h; ++y) {
      for (int32_t x = 0; x < dims.out_w; ++x) {
        for (int32_t channel = 0; channel < dims.out_channels; ++channel) {
          uint32_t sum = static_cast<uint32_t>(bias[channel]);  // wraps, as TFLite's does
          for_each(channel, [&](int32_t column, int32_t value) {
            const int32_t tap = column / w.tap_pitch;
            const int32_t in_channel = column % w.tap_pitch;
            if (tap >= w.kernel_h * w.kernel_w || in_channel >= w.in_channels) return;
            const int32_t in_y =
                y * params.stride_h - params.pad_top + tap / w.kernel_w * params.dilation_h;
            const int32_t in_x =
                x * params.stride_w - params.pad_left + tap % w.kernel_w * params.dilation_w;
            if (in_y < 0 || in_y >= dims.in_h || in_x < 0 || in_x >= dims.in_w) return;
            const int32_t position = (n * dims.in_h + in_y) * dims.in_w + in_x;
            const int32_t activation = input[position * dims.in_channels + in_channel];
            sum += static_cast<uint32_t>(value * (activation - params.input_zero_point));
          });
          const int32_t scaled = MultiplyByQuantizedMultiplier(
              static_cast<int32_t>(sum), w.multipliers[channel], w.shifts[channel]);
          const int32_t shifted = static_cast<int32_t>(
              static_cast<uint32_t>(scaled) + static_cast<uint32_t>(params.output_zero_point));
          *output++ =
              static_cast<int8_t>(Clamp(shifted, params.activation_min, params.activation_max));
        }
      }
    }
  }
}

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_SINGLE_WEIGHTS_REFERENCE_H_
