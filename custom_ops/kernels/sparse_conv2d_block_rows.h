// Inside RunSparseTile: block rows of one tile, by kernels that differ in block shape and lanes.
#ifndef CUSTOM_OPS_KERNELS_SPARSE_CONV2D_BLOCK_ROWS_H_
#define CUSTOM_OPS_KERNELS_SPARSE_CONV2D_BLOCK_ROWS_H_

#include <cstdint>

#include "custom_ops/kernels/sparse_conv2d_tile.h"

namespace kws {

// An output channel's entry of the plan: FastRequantizer's constants for doubled sums.
struct ChannelPlan {
  int32_t doubled_bias;
  int32_t multiplier;
  int32_t offset;
  // Bits 0 to 7: the right shift; 0 stops the row kernels: where FastRequantizer does not take a
  // channel of the block row, where the last block row has less than block_out channels, and behind
  // the last. Bits 8 to 31, signed: bytes of indices of the block row but its first, negative for
  // an empty row.
  uint32_t indices_and_shift;

  static constexpr uint32_t kStop = 0x80000000u;  // looks like an empty row at first

  int32_t right() const { return static_cast<int32_t>(indices_and_shift & 0xFFu); }
};

// A tile and where its results go, as RunSparseTile takes them.
struct BlockTile {
  const SparseTiles& layer;
  const uint32_t* words;
  int32_t count;  // lanes
  int8_t* output;
};

// The channels of block row `row` for lanes [lane, lane + count): any block shape, any scale and
// clamp.
void RunAnyRow(const BlockTile& tile, int32_t lane, int32_t count, int32_t row);

// A kernel for one block shape takes some lanes from `lane` on through the block rows from `row`
// on, and returns the first one that it leaves because its plan says so. For narrow layers without
// a clamp, of at least one block.
using RunRowsFn = int32_t (*)(const BlockTile& tile, int32_t lane, int32_t row);

// Eight lanes.
int32_t RunRows1x2(const BlockTile& tile, int32_t lane, int32_t row);
int32_t RunRows1x4(const BlockTile& tile, int32_t lane, int32_t row);
int32_t RunRows2x2(const BlockTile& tile, int32_t lane, int32_t row);
int32_t RunRows2x4(const BlockTile& tile, int32_t lane, int32_t row);
int32_t RunRows4x4(const BlockTile& tile, int32_t lane, int32_t row);
// Two lanes; the second one does not count where it is not among the tile's.
int32_t RunRows4x1(const BlockTile& tile, int32_t lane, int32_t row);
// One lane; blocks of 1, 2 or 4 x 4 with indices of one byte.
int32_t RunRowsOneLane(const BlockTile& tile, int32_t lane, int32_t row);

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_SPARSE_CONV2D_BLOCK_ROWS_H_
