// The M7 kernels' view of the input: the receptive fields of eight output positions as int16, zero
// point subtracted, zero where the convolution pads.
#ifndef CUSTOM_OPS_KERNELS_ACTIVATION_TILE_H_
#define CUSTOM_OPS_KERNELS_ACTIVATION_TILE_H_

#include <cstdint>

#include "custom_ops/formats/block_sparse_conv.h"
#include "custom_ops/kernels/conv_types.h"
#include "custom_ops/kernels/dsp.h"

namespace kws {

constexpr int32_t kTile = 8;

// How the columns of the tile are paired in words, so that a block's weights meet them without
// shuffling. SXTB16 splits four bytes into (0, 2) and (1, 3): quads keep that order on both sides.
enum class TileLayout { kQuad, kPair, kSingle };

inline TileLayout TileLayoutOf(const BlockSparseConv& w) {
  if (w.block_in % 4 == 0) return TileLayout::kQuad;
  return w.block_in % 2 == 0 ? TileLayout::kPair : TileLayout::kSingle;
}

// Where column `k` of tile position `position` lives, in int16 units.
inline int32_t TileOffset(TileLayout layout, int32_t k, int32_t position) {
  switch (layout) {
    case TileLayout::kQuad:
      return ((k / 4 * 2 + (k & 1)) * kTile + position) * 2 + ((k >> 1) & 1);
    case TileLayout::kPair:
      return (k / 2 * kTile + position) * 2 + (k & 1);
    case TileLayout::kSingle:
      break;
  }
  return k * kTile + position;
}

inline int32_t TileColumns(const BlockSparseConv& w) { return w.columns * w.block_in; }

// Expands receptive fields into a tile of int16 [TileColumns(w)][kTile], paired as `layout` says.
struct TileFiller {
  const BlockSparseConv& w;
  const ConvDims& dims;
  const ConvParams& params;
  TileLayout layout;
  int16_t* tile;
  uint32_t zero_points;  // the input's zero point in both halves

  // Columns [k, k + n) of `position` from n consecutive channels.
  void Copy(const int8_t* source, int32_t k, int32_t n, int32_t position) const {
    int32_t i = 0;
    if (layout == TileLayout::kQuad && k % 4 == 0) {
      uint32_t* words = reinterpret_cast<uint32_t*>(tile) + k / 2 * kTile + position;
      for (; i + 4 <= n; i += 4, words += 2 * kTile) {
        const uint32_t bytes = LoadWord(source + i);
        words[0] = SubtractHalves(ExtendEvenBytes(bytes), zero_points);
        words[kTile] = SubtractHalves(ExtendOddBytes(bytes), zero_points);
      }
    }
    for (; i < n; ++i) {
      tile[TileOffset(layout, k + i, position)] =
          static_cast<int16_t>(source[i] - params.input_zero_point);
    }
  }

  void Zero(int32_t k, int32_t n, int32_t position) const {
    for (int32_t i = 0; i < n; ++i) tile[TileOffset(layout, k + i, position)] = 0;
  }

  // The receptive field of output position (y, x) of the batch at `input`.
  void Fill(const int8_t* input, int32_t y, int32_t x, int32_t position) const {
    const int32_t origin_y = y * params.stride_h - params.pad_top;
    const int32_t origin_x = x * params.stride_w - params.pad_left;
    int32_t k = 0;
    for (int32_t ky = 0; ky < w.kernel_h; ++ky) {
      const int32_t in_y = origin_y + ky * params.dilation_h;
      for (int32_t kx = 0; kx < w.kernel_w; ++kx, k += w.tap_pitch) {
        const int32_t in_x = origin_x + kx * params.dilation_w;
        if (in_y < 0 || in_y >= dims.in_h || in_x < 0 || in_x >= dims.in_w) {
          Zero(k, w.tap_pitch, position);
          continue;
        }
        Copy(input + (in_y * dims.in_w + in_x) * dims.in_channels, k, dims.in_channels, position);
        Zero(k + dims.in_channels, w.tap_pitch - dims.in_channels, position);
      }
    }
    Zero(k, TileColumns(w) - k, position);
  }
};

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_ACTIVATION_TILE_H_
