// Packed block-sparse convolution weights (encoding 1): the view and its validating reader.
// The byte layout is specified in docs/sparse_format.md.
#ifndef CUSTOM_OPS_FORMATS_BLOCK_SPARSE_CONV_H_
#define CUSTOM_OPS_FORMATS_BLOCK_SPARSE_CONV_H_

#include <cstddef>
#include <cstdint>

#include "custom_ops/formats/sparse_header.h"

namespace kws {

constexpr int kMaxBlockSide = 16;

// A validated buffer. The pointers look into it, so it must outlive the view.
//
// The weights form a matrix of `out_channels` rows and `columns * block_in` columns, tiled by
// blocks of block_out x block_in. Stored block b of block row r has `row_offsets[r] <= b <
// row_offsets[r + 1]`, stands in block column `indices[b]` and has its int8 values, row by row, at
// `values + b * block_out * block_in`. Values beyond the last output channel, or in padded columns,
// are zero.
struct BlockSparseConv : SparseConvLayer {
  int32_t block_out, block_in;
  int32_t columns;     // block columns
  int32_t block_rows;  // ceil(out_channels / block_out)
  uint32_t n_blocks;   // stored blocks

  const uint32_t* row_offsets;  // [block_rows + 1]
  int32_t index_bytes;          // 1 or 2
  const uint8_t* indices;       // [n_blocks] of index_bytes, ascending within a block row
  const int8_t* values;         // [n_blocks][block_out][block_in], 4-byte aligned

  uint32_t index(uint32_t block) const {
    return index_bytes == 1 ? indices[block] : reinterpret_cast<const uint16_t*>(indices)[block];
  }
};

// Checks every byte that a kernel relies on and fills `view`. On an error `view` is not to be used.
// Reads at most `size` bytes at `data`; `data` must be 4-byte aligned.
FormatError ReadBlockSparseConv(const uint8_t* data, size_t size, BlockSparseConv* view);

}  // namespace kws

#endif  // CUSTOM_OPS_FORMATS_BLOCK_SPARSE_CONV_H_
