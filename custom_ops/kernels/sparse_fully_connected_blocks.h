// Inner loops of the sparse FULLY_CONNECTED: stored int8 weights against one input vector of int16.
// Sums wrap in 32 bits. `input` is int16, two a word, in quads for 1x4, else in order
// (sparse_fully_connected_input.h); blocks of 2x4 and 4x4 take it as it is.
#ifndef CUSTOM_OPS_KERNELS_SPARSE_FULLY_CONNECTED_BLOCKS_H_
#define CUSTOM_OPS_KERNELS_SPARSE_FULLY_CONNECTED_BLOCKS_H_

#include <cstdint>

#include "custom_ops/formats/block_sparse_conv.h"
#include "custom_ops/formats/index_list_conv.h"

namespace kws {

// sums[k] = sum of blocks 0 to k for `count` stored blocks of 1x4, whatever rows they belong to:
// rows are differences of these sums, so that no branch depends on where a row ends.
template <typename Index>
void RunningSums1x4(const Index* indices, const int8_t* values, const uint32_t* input,
                    uint32_t count, int32_t* sums);

// sums[u] = sum of unit u of a layer in blocks of 2x4 or 4x4; `sums` holds padded rows as well.
// What is read of `input` are whole block columns. `negated` is its zero point with the other sign,
// twice as int16.
template <typename Index>
void BlockRows2x4(const BlockSparseConv& weights, const int8_t* input, uint32_t negated,
                  int32_t* sums);
template <typename Index>
void BlockRows4x4(const BlockSparseConv& weights, const int8_t* input, uint32_t negated,
                  int32_t* sums);

// For narrower blocks.
template <typename Index>
void RunningSums1x2(const Index* indices, const int8_t* values, const uint32_t* input,
                    uint32_t count, int32_t* sums);
template <typename Index>
void BlockRows2x2(const BlockSparseConv& weights, const uint32_t* input, int32_t* sums);
template <typename Index>
void BlockRows4x1(const BlockSparseConv& weights, const uint32_t* input, int32_t* sums);

// sums[u] = sum of unit u of a layer in an index list.
void IndexListRows(const IndexListConv& weights, const uint32_t* input, int32_t* sums);

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_SPARSE_FULLY_CONNECTED_BLOCKS_H_
