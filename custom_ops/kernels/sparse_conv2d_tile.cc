#include "custom_ops/kernels/sparse_conv2d_tile.h"

#include "custom_ops/kernels/sparse_conv2d_block_rows.h"

namespace kws {

void RunSparseTile(const BlockSparseConv& weights, const ConvParams& params, bool narrow,
                   const uint32_t* tile, const int32_t* bias, int32_t count, int8_t* output) {
  const BlockTile block_tile = {weights, params, narrow, tile, bias, output};
  for (int32_t row = 0; row < weights.block_rows; ++row) RunAnyRow(block_tile, 0, count, row);
}

}  // namespace kws
