// Fills a tile of RunSparseTile: the receptive fields of up to eight output positions as int16,
// zero point subtracted, zero where the convolution pads.
#ifndef CUSTOM_OPS_KERNELS_ACTIVATION_TILE_H_
#define CUSTOM_OPS_KERNELS_ACTIVATION_TILE_H_

#include <cstdint>

#include "custom_ops/kernels/dsp_bytes.h"
#include "custom_ops/kernels/sparse_conv2d_tile.h"

namespace kws {

class TileFiller {
 public:
  // `tile` has SparseTileBytes(w).
  TileFiller(const BlockSparseConv& w, const ConvDims& dims, const ConvParams& params, bool narrow,
             uint32_t* tile)
      : w_(w),
        dims_(dims),
        params_(params),
        layout_(TileLayoutOf(w)),
        scale_(TileScale(narrow)),
        words_(tile),
        halves_(reinterpret_cast<int16_t*>(tile)),
        negated_(PackHalves(-params.input_zero_point, -params.input_zero_point)) {}

  // The receptive field of output position (y, x) of the batch at `input`.
  void Fill(const int8_t* input, int32_t y, int32_t x, int32_t lane) const {
    const int32_t origin_y = y * params_.stride_h - params_.pad_top;
    const int32_t origin_x = x * params_.stride_w - params_.pad_left;
    int32_t k = 0;
    for (int32_t ky = 0; ky < w_.kernel_h; ++ky) {
      const int32_t in_y = origin_y + ky * params_.dilation_h;
      for (int32_t kx = 0; kx < w_.kernel_w; ++kx, k += w_.tap_pitch) {
        const int32_t in_x = origin_x + kx * params_.dilation_w;
        if (in_y < 0 || in_y >= dims_.in_h || in_x < 0 || in_x >= dims_.in_w) {
          Zero(k, w_.tap_pitch, lane);
          continue;
        }
        Copy(input + (in_y * dims_.in_w + in_x) * dims_.in_channels, k, dims_.in_channels, lane);
        Zero(k + dims_.in_channels, w_.tap_pitch - dims_.in_channels, lane);
      }
    }
    Zero(k, TileColumns(w_) - k, lane);
  }

 private:
  // Columns [k, k + n) of `lane` from n consecutive channels.
  void Copy(const int8_t* source, int32_t k, int32_t n, int32_t lane) const {
    int32_t i = 0;
    if (layout_ == TileLayout::kQuad && k % 4 == 0) {
      uint32_t* word = words_ + k / 2 * kTile + lane;
      for (; i + 4 <= n; i += 4, word += 2 * kTile) {
        const uint32_t bytes = LoadWord(source + i);
        word[0] = Scaled(AddEvenBytes(negated_, bytes));
        word[kTile] = Scaled(AddOddBytes(negated_, bytes));
      }
    }
    for (; i < n; ++i) {
      halves_[TileOffset(layout_, k + i, lane)] =
          static_cast<int16_t>((source[i] - params_.input_zero_point) * scale_);
    }
  }

  void Zero(int32_t k, int32_t n, int32_t lane) const {
    for (int32_t i = 0; i < n; ++i) halves_[TileOffset(layout_, k + i, lane)] = 0;
  }

  uint32_t Scaled(uint32_t halves) const {
    return scale_ == 1 ? halves : SubtractHalves(halves, SubtractHalves(0, halves));
  }

  const BlockSparseConv& w_;
  const ConvDims& dims_;
  const ConvParams& params_;
  TileLayout layout_;
  int32_t scale_;
  uint32_t* words_;
  int16_t* halves_;
  uint32_t negated_;  // the input's zero point, negated, in both halves
};

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_ACTIVATION_TILE_H_
