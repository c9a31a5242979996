#include "custom_ops/kernels/requantize.h"
#include "custom_ops/kernels/sparse_conv2d.h"

namespace kws {
namespace {

// Sum over the stored blocks of output channel `channel` at output position (y, x) of batch `n`.
int32_t Accumulate(const BlockSparseConv& w, const ConvDims& dims, const ConvParams& params,
                   const int8_t* input, int32_t n, int32_t y, int32_t x, int32_t channel) {
  const int32_t block_row = channel / w.block_out;
  const int32_t row_in_block = channel % w.block_out;
  uint32_t sum = 0;  // unsigned: an overflow wraps, as it does in SMLAD
  for (uint32_t block = w.row_offsets[block_row]; block < w.row_offsets[block_row + 1]; ++block) {
    const int8_t* values = w.values + (block * w.block_out + row_in_block) * w.block_in;
    for (int32_t i = 0; i < w.block_in; ++i) {
      const int32_t column = static_cast<int32_t>(w.index(block)) * w.block_in + i;
      const int32_t tap = column / w.tap_pitch;
      const int32_t in_channel = column % w.tap_pitch;
      if (tap >= w.kernel_h * w.kernel_w || in_channel >= w.in_channels) continue;
      const int32_t in_y =
          y * params.stride_h - params.pad_top + tap / w.kernel_w * params.dilation_h;
      const int32_t in_x =
          x * params.stride_w - params.pad_left + tap % w.kernel_w * params.dilation_w;
      if (in_y < 0 || in_y >= dims.in_h || in_x < 0 || in_x >= dims.in_w) continue;
      const int32_t position = (n * dims.in_h + in_y) * dims.in_w + in_x;
      const int32_t activation = input[position * dims.in_channels + in_channel];
      sum += static_cast<uint32_t>(values[i] * (activation - params.input_zero_point));
    }
  }
  return static_cast<int32_t>(sum);
}

}  // namespace

bool SparseConv2dGeometry(const BlockSparseConv& w, int32_t batches, int32_t in_h, int32_t in_w,
                          ConvDims* dims, ConvParams* params) {
  const bool same = w.padding == PaddingKind::kSame;
  const int32_t out_h = ConvOutputSize(same, in_h, w.kernel_h, w.stride_h, w.dilation_h);
  const int32_t out_w = ConvOutputSize(same, in_w, w.kernel_w, w.stride_w, w.dilation_w);
  *dims = {batches, in_h, in_w, w.in_channels, out_h, out_w, w.out_channels};
  *params = {w.stride_h,
             w.stride_w,
             w.dilation_h,
             w.dilation_w,
             ConvPadBefore(in_h, out_h, w.kernel_h, w.stride_h, w.dilation_h),
             ConvPadBefore(in_w, out_w, w.kernel_w, w.stride_w, w.dilation_w),
             0,
             0,
             w.activation_min,
             w.activation_max};
  return batches > 0 && in_h > 0 && in_w > 0 && out_h > 0 && out_w > 0;
}

bool SparseConv2dIsNarrow(const BlockSparseConv& w, const int32_t* bias) {
  constexpr int64_t kLimit = int64_t{1} << 30;
  constexpr int64_t kMaxActivation = 255;  // |int8 - zero point|
  for (int32_t channel = 0; channel < w.out_channels; ++channel) {
    const int32_t block_row = channel / w.block_out;
    int64_t bound = bias[channel] < 0 ? -static_cast<int64_t>(bias[channel]) : bias[channel];
    for (uint32_t block = w.row_offsets[block_row]; block < w.row_offsets[block_row + 1]; ++block) {
      const int8_t* values = w.values + (block * w.block_out + channel % w.block_out) * w.block_in;
      for (int32_t i = 0; i < w.block_in; ++i) {
        bound += kMaxActivation * (values[i] < 0 ? -values[i] : values[i]);
      }
    }
    if (bound >= kLimit) return false;
  }
  return true;
}

void SparseConv2dReference(const BlockSparseConv& w, const ConvDims& dims, const ConvParams& params,
                           const int8_t* input, const int32_t* bias, int8_t* output) {
  for (int32_t n = 0; n < dims.batches; ++n) {
    for (int32_t y = 0; y < dims.out_h; ++y) {
      for (int32_t x = 0; x < dims.out_w; ++x) {
        for (int32_t channel = 0; channel < dims.out_channels; ++channel) {
          const int32_t sum = Accumulate(w, dims, params, input, n, y, x, channel);
          const int32_t biased = static_cast<int32_t>(static_cast<uint32_t>(sum) +
                                                      static_cast<uint32_t>(bias[channel]));
          const int32_t scaled =
              MultiplyByQuantizedMultiplier(biased, w.multipliers[channel], w.shifts[channel]);
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
