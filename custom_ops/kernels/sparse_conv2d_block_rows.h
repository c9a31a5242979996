// Inside RunSparseTile: block rows of one tile, by kernels that differ in block shape and lanes.
#ifndef CUSTOM_OPS_KERNELS_SPARSE_CONV2D_BLOCK_ROWS_H_
#define CUSTOM_OPS_KERNELS_SPARSE_CONV2D_BLOCK_ROWS_H_

#include <cstdint>

#include "custom_ops/formats/block_sparse_conv.h"
#include "custom_ops/kernels/conv_types.h"

namespace kws {

// A tile and where its results go, as RunSparseTile takes them.
struct BlockTile {
  const BlockSparseConv& w;
  const ConvParams& params;
  bool narrow;
  const uint32_t* words;
  const int32_t* bias;
  int8_t* output;
};

// The channels of block row `row` for lanes [lane, lane + count): any block shape, any scale and
// clamp.
void RunAnyRow(const BlockTile& tile, int32_t lane, int32_t count, int32_t row);

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_SPARSE_CONV2D_BLOCK_ROWS_H_
