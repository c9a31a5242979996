#include "custom_ops/kernels/depthwise_row_pruned.h"
#include "custom_ops/kernels/requantize.h"

namespace kws {

bool RowPrunedDepthwiseIsNarrow(const RowPrunedDepthwise& w, const int32_t* bias) {
  constexpr int64_t kLimit = int64_t{1} << 30;
  constexpr int64_t kMaxActivation = 255;  // |int8 - zero point|
  const int8_t* value = w.values;
  for (int32_t c = 0; c < w.out_channels; ++c) {
    int64_t bound = bias[c] < 0 ? -static_cast<int64_t>(bias[c]) : bias[c];
    for (int32_t y = 0; y < w.kernel_h; ++y) {
      if (!w.has_row(c, y)) continue;
      for (int32_t x = 0; x < w.kernel_w; ++x, ++value) {
        bound += kMaxActivation * (*value < 0 ? -*value : *value);
      }
    }
    if (bound >= kLimit || !FastRequantizer::Takes(w.shifts[c])) return false;
  }
  return true;
}

void RowPrunedDepthwiseReference(const RowPrunedDepthwise& w, const ConvDims& dims,
                                 const ConvParams& params, const int8_t* input, const int32_t* bias,
                                 int8_t* output) {
  const int32_t positions = dims.batches * dims.out_h * dims.out_w;
  const int8_t* rows = w.values;  // of the channel
  for (int32_t c = 0; c < w.out_channels; ++c) {
    const int8_t* next = rows;
    for (int32_t position = 0; position < positions; ++position) {
      const int32_t x = position % dims.out_w * params.stride_w - params.pad_left;
      const int32_t y = position / dims.out_w % dims.out_h * params.stride_h - params.pad_top;
      const int32_t n = position / (dims.out_w * dims.out_h);
      uint32_t sum = static_cast<uint32_t>(bias[c]);  // unsigned: an overflow wraps
      const int8_t* value = rows;
      for (int32_t ky = 0; ky < w.kernel_h; ++ky) {
        if (!w.has_row(c, ky)) continue;
        const int32_t in_y = y + ky * params.dilation_h;
        for (int32_t kx = 0; kx < w.kernel_w; ++kx, ++value) {
          const int32_t in_x = x + kx * params.dilation_w;
          if (in_y < 0 || in_y >= dims.in_h || in_x < 0 || in_x >= dims.in_w) continue;
          const int32_t at = (n * dims.in_h + in_y) * dims.in_w + in_x;
          const int32_t activation = input[at * dims.in_channels + c / w.multiplier()];
          sum += static_cast<uint32_t>(*value * (activation - params.input_zero_point));
        }
      }
      next = value;
      const int32_t scaled =
          MultiplyByQuantizedMultiplier(static_cast<int32_t>(sum), w.multipliers[c], w.shifts[c]);
      const int32_t shifted = static_cast<int32_t>(static_cast<uint32_t>(scaled) +
                                                   static_cast<uint32_t>(params.output_zero_point));
      output[position * dims.out_channels + c] =
          static_cast<int8_t>(Clamp(shifted, params.activation_min, params.activation_max));
    }
    rows = next;
  }
}

}  // namespace kws
