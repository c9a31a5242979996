// One tile of activations through a block-sparse layer: what is left of a convolution once the
// receptive fields of up to eight output positions are expanded. For SparseConv2dM7 and for fused
// operators that write the tile themselves.
#ifndef CUSTOM_OPS_KERNELS_SPARSE_CONV2D_TILE_H_
#define CUSTOM_OPS_KERNELS_SPARSE_CONV2D_TILE_H_

#include <cstddef>
#include <cstdint>

#include "custom_ops/formats/block_sparse_conv.h"
#include "custom_ops/kernels/conv_types.h"

namespace kws {

constexpr int32_t kTile = 8;  // output positions: the lanes of a tile

// How a tile pairs its columns in words of two int16, so that a block's weights meet them without
// shuffling; `k` is a column of the matrix, in the layer's column order.
//   kQuad    columns 4q and 4q + 2 in word [2q][lane], 4q + 1 and 4q + 3 in word [2q + 1][lane]:
//            the pairs into which SXTB16 splits four bytes (block_in a multiple of 4)
//   kPair    columns 2p and 2p + 1 in word [p][lane] (block_in even)
//   kSingle  column k of lane l is int16 [k][l]
// The lower column is the word's low half.
enum class TileLayout { kQuad, kPair, kSingle };

inline TileLayout TileLayoutOf(const BlockSparseConv& w) {
  if (w.block_in % 4 == 0) return TileLayout::kQuad;
  return w.block_in % 2 == 0 ? TileLayout::kPair : TileLayout::kSingle;
}

// Where column `k` of `lane` lives, in int16 units.
inline int32_t TileOffset(TileLayout layout, int32_t k, int32_t lane) {
  switch (layout) {
    case TileLayout::kQuad:
      return ((k / 4 * 2 + (k & 1)) * kTile + lane) * 2 + ((k >> 1) & 1);
    case TileLayout::kPair:
      return (k / 2 * kTile + lane) * 2 + (k & 1);
    case TileLayout::kSingle:
      break;
  }
  return k * kTile + lane;
}

// Columns of a tile: those of the matrix, the padding of its last block included.
inline int32_t TileColumns(const BlockSparseConv& w) { return w.columns * w.block_in; }

inline size_t SparseTileBytes(const BlockSparseConv& w) {
  return static_cast<size_t>(TileColumns(w)) * kTile * sizeof(int16_t);
}

// What a tile's activations are multiplied by: a narrow layer (SparseConv2dIsNarrow) takes them
// twice, which its requantisation would have to do otherwise.
constexpr int32_t TileScale(bool narrow) { return narrow ? 2 : 1; }

// What RunSparseTile needs of a layer. Points to what PlanSparseTiles was given.
struct SparseTiles {
  const BlockSparseConv* weights;
  const ConvParams* params;
  bool narrow;
  const int32_t* bias;   // [out_channels]
  const uint32_t* plan;  // filled by PlanSparseTiles
};

// Bytes of memory that PlanSparseTiles fills: 16 an output channel, and of one more block row.
size_t SparseTilePlanBytes(const BlockSparseConv& weights);

// Once an evaluation, before its tiles: what is the same for all tiles of a channel is computed
// once into `memory` (4-byte aligned), which must live as long as the result, as must the
// arguments.
SparseTiles PlanSparseTiles(const BlockSparseConv& weights, const ConvParams& params, bool narrow,
                            const int32_t* bias, void* memory);

// Whether a tile of `count` lanes costs less than one of eight. Otherwise the last tile of an image
// had better repeat positions of the one before.
bool ShortSparseTilePays(const SparseTiles& tiles, int32_t count);

// All output channels of the first `count` (1 to 8) lanes of a tile.
//
// `tile` is 4-byte aligned and holds (activation - input zero point) * TileScale(narrow) as int16;
// 0 where the convolution pads and in columns that no channel has; lanes from `count` on may hold
// anything. Lane l's channel c goes to output[l * out_channels + c].
void RunSparseTile(const SparseTiles& tiles, const uint32_t* tile, int32_t count, int8_t* output);

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_SPARSE_CONV2D_TILE_H_
