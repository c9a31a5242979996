// The input is expanded once to int16, zero point subtracted; what follows depends on the block.
// Blocks of one unit (1x4, the usual case) go in one stream for many units: rows are told apart
// afterwards, by subtracting running sums, because a branch at the end of every short row would be
// mispredicted.
#include "custom_ops/kernels/sparse_fully_connected.h"
#include "custom_ops/kernels/sparse_fully_connected_blocks.h"
#include "custom_ops/kernels/sparse_fully_connected_input.h"
#include "custom_ops/kernels/sparse_fully_connected_output.h"

namespace kws {
namespace {

// Stored blocks of one stream: enough that its ends do not matter.
constexpr uint32_t kStreamBlocks = 512;

bool IsShape(const BlockSparseConv& w, int32_t block_out, int32_t block_in) {
  return w.block_out == block_out && w.block_in == block_in;
}

bool IsStream(const BlockSparseConv& w) { return IsShape(w, 1, 4) || IsShape(w, 1, 2); }

// Whether the loop for these blocks takes its input in quads.
bool TakesQuads(const BlockSparseConv& w) {
  return IsShape(w, 1, 4) || IsShape(w, 2, 4) || IsShape(w, 4, 4);
}

int32_t PaddedColumns(const BlockSparseConv& w) { return w.columns * w.block_in; }

size_t PaddedUnits(const BlockSparseConv& w) {
  return static_cast<size_t>(w.block_rows) * static_cast<size_t>(w.block_out);
}

// The most blocks of a stream: a row is never divided.
uint32_t StreamBlocks(const BlockSparseConv& w) {
  uint32_t blocks = static_cast<uint32_t>(w.columns);
  if (blocks < kStreamBlocks) blocks = kStreamBlocks;
  return blocks < w.n_blocks ? blocks : w.n_blocks;
}

// As many rows at a time as a stream takes.
template <typename Index>
void MultiplyStreams(const BlockSparseConv& w, const FullyConnectedOutput& out,
                     const uint32_t* columns, int32_t* sums) {
  const Index* const indices = reinterpret_cast<const Index*>(w.indices);
  const uint32_t capacity = StreamBlocks(w);
  int32_t row = 0;
  while (row < w.block_rows) {
    const uint32_t begin = w.row_offsets[row];
    int32_t end_row = w.block_rows;
    if (w.n_blocks - begin > capacity) {
      for (end_row = row + 1; w.row_offsets[end_row + 1] - begin <= capacity;) ++end_row;
    }
    const uint32_t count = w.row_offsets[end_row] - begin;
    sums[0] = 0;
    if (w.block_in == 4) {
      RunningSums1x4(indices + begin, w.values + begin * 4, columns, count, sums + 1);
    } else {
      RunningSums1x2(indices + begin, w.values + begin * 2, columns, count, sums + 1);
    }
    out.StoreDifferences(row, end_row, w.row_offsets, sums);
    row = end_row;
  }
}

// Any shape of block, one unit after the other.
void MultiplyUnits(const BlockSparseConv& w, const uint32_t* columns, int32_t* sums) {
  const int16_t* const values = reinterpret_cast<const int16_t*>(columns);
  for (int32_t unit = 0; unit < w.out_channels; ++unit) {
    const int32_t row = unit / w.block_out;
    const int8_t* weights =
        w.values + (w.row_offsets[row] * w.block_out + unit % w.block_out) * w.block_in;
    uint32_t sum = 0;
    for (uint32_t block = w.row_offsets[row]; block < w.row_offsets[row + 1]; ++block) {
      const int16_t* x = values + w.index(block) * w.block_in;
      for (int32_t i = 0; i < w.block_in; ++i) sum += static_cast<uint32_t>(x[i] * weights[i]);
      weights += w.block_out * w.block_in;
    }
    sums[unit] = static_cast<int32_t>(sum);
  }
}

template <typename Index>
void Multiply(const BlockSparseConv& w, const FullyConnectedOutput& out, const uint32_t* columns,
              int32_t* sums) {
  if (IsStream(w)) return MultiplyStreams<Index>(w, out, columns, sums);
  if (IsShape(w, 2, 4)) {
    BlockRows2x4<Index>(w, columns, sums);
  } else if (IsShape(w, 4, 4)) {
    BlockRows4x4<Index>(w, columns, sums);
  } else if (IsShape(w, 2, 2)) {
    BlockRows2x2<Index>(w, columns, sums);
  } else if (IsShape(w, 4, 1)) {
    BlockRows4x1<Index>(w, columns, sums);
  } else {
    MultiplyUnits(w, columns, sums);
  }
  out.Store(sums);
}

}  // namespace

size_t SparseFullyConnectedM7ScratchBytes(const BlockSparseConv& w) {
  const size_t expanded = (PaddedColumns(w) + 3) / 4 * 4 * sizeof(int16_t);
  const size_t sums = IsStream(w) ? StreamBlocks(w) + 1 : PaddedUnits(w);
  return expanded + sums * sizeof(int32_t);
}

void SparseFullyConnectedM7(const BlockSparseConv& w, const SparseFullyConnectedParams& params,
                            bool narrow, const int8_t* input, const int32_t* bias, int8_t* output,
                            void* scratch) {
  const int32_t depth = w.in_channels, padded = PaddedColumns(w);
  uint32_t* const columns = static_cast<uint32_t*>(scratch);
  int32_t* const sums = reinterpret_cast<int32_t*>(columns + (padded + 3) / 4 * 2);
  for (int32_t n = 0; n < params.batches; ++n, input += depth, output += w.out_channels) {
    const FullyConnectedOutput out = {w, bias, params.output_zero_point, narrow, output};
    if (TakesQuads(w)) {
      ExpandToQuads(input, depth, params.input_zero_point, padded, columns);
    } else {
      ExpandInOrder(input, depth, params.input_zero_point, padded, columns);
    }
    if (w.index_bytes == 1) {
      Multiply<uint8_t>(w, out, columns, sums);
    } else {
      Multiply<uint16_t>(w, out, columns, sums);
    }
  }
}

size_t SparseFullyConnectedM7ScratchBytes(const IndexListConv& w) {
  return static_cast<size_t>((w.columns + 3) / 4 * 4) * sizeof(int16_t) +
         static_cast<size_t>(w.out_channels) * sizeof(int32_t);
}

void SparseFullyConnectedM7(const IndexListConv& w, const SparseFullyConnectedParams& params,
                            bool narrow, const int8_t* input, const int32_t* bias, int8_t* output,
                            void* scratch) {
  const int32_t depth = w.in_channels;
  uint32_t* const columns = static_cast<uint32_t*>(scratch);
  int32_t* const sums = reinterpret_cast<int32_t*>(columns + (depth + 3) / 4 * 2);
  for (int32_t n = 0; n < params.batches; ++n, input += depth, output += w.out_channels) {
    ExpandInOrder(input, depth, params.input_zero_point, depth, columns);
    IndexListRows(w, columns, sums);
    const FullyConnectedOutput out = {w, bias, params.output_zero_point, narrow, output};
    out.Store(sums);
  }
}

}  // namespace kws
