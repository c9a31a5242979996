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

// What the block shapes are told apart by.
constexpr int32_t ShapeOf(int32_t block_out, int32_t block_in) { return block_out << 8 | block_in; }
int32_t ShapeOf(const BlockSparseConv& w) { return ShapeOf(w.block_out, w.block_in); }

bool IsStream(const BlockSparseConv& w) {
  return w.block_out == 1 && (w.block_in == 2 || w.block_in == 4);
}

uint32_t PaddedColumns(const BlockSparseConv& w) {
  return static_cast<uint32_t>(w.columns) * static_cast<uint32_t>(w.block_in);
}

// Of scratch for the input: as int16, or a copy in bytes where it does not end with a block.
uint32_t InputWords(const BlockSparseConv& w) {
  const bool bytes = w.block_in == 4 && (w.block_out == 2 || w.block_out == 4);
  if (bytes) return w.in_channels % 4 == 0 ? 0 : static_cast<uint32_t>(w.columns);
  return (PaddedColumns(w) + 3) / 4 * 2;
}

size_t PaddedUnits(const BlockSparseConv& w) {
  return static_cast<size_t>(w.block_rows) * static_cast<size_t>(w.block_out);
}

// The most blocks of a stream: a row is never divided.
uint32_t StreamBlocks(const BlockSparseConv& w) {
  uint32_t blocks = static_cast<uint32_t>(w.columns);
  if (blocks < kStreamBlocks) blocks = kStreamBlocks;
  return blocks < w.n_blocks ? blocks : w.n_blocks;
}

void RunningSums(const BlockSparseConv& w, uint32_t begin, uint32_t count, const uint32_t* columns,
                 int32_t* sums) {
  const int8_t* const values = w.values + begin * static_cast<uint32_t>(w.block_in);
  if (w.index_bytes == 1) {
    const uint8_t* const indices = w.indices + begin;
    if (w.block_in == 4) return RunningSums1x4(indices, values, columns, count, sums);
    return RunningSums1x2(indices, values, columns, count, sums);
  }
  const uint16_t* const indices = reinterpret_cast<const uint16_t*>(w.indices) + begin;
  if (w.block_in == 4) return RunningSums1x4(indices, values, columns, count, sums);
  return RunningSums1x2(indices, values, columns, count, sums);
}

// As many rows at a time as a stream takes.
void MultiplyStreams(const BlockSparseConv& w, const FullyConnectedOutput& out,
                     const uint32_t* columns, int32_t* sums) {
  sums[0] = 0;
  if (w.n_blocks <= kStreamBlocks) {
    RunningSums(w, 0, w.n_blocks, columns, sums + 1);
    return out.StoreDifferences(0, w.block_rows, w.row_offsets, sums);
  }
  const uint32_t capacity = StreamBlocks(w);
  for (int32_t row = 0, end_row; row < w.block_rows; row = end_row) {
    const uint32_t begin = w.row_offsets[row];
    uint32_t count = w.n_blocks - begin;
    if (count > capacity) {
      for (end_row = row + 1; w.row_offsets[end_row + 1] - begin <= capacity;) ++end_row;
      count = w.row_offsets[end_row] - begin;
    } else {
      end_row = w.block_rows;
    }
    RunningSums(w, begin, count, columns, sums + 1);
    out.StoreDifferences(row, end_row, w.row_offsets, sums);
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

// `from` with zeros up to a multiple of four, word by word.
void CopyPadded(const int8_t* from, int32_t count, uint32_t* to) {
  for (; count > 0; count -= 4, from += 4) {
    *to++ = LoadBytes(from, count);
#if defined(__GNUC__)
    asm volatile("" ::
                     : "memory");  // else it becomes memcpy, which small C libraries have for bytes
#endif
  }
}

template <typename Index>
void MultiplyRows(const BlockSparseConv& w, const int8_t* input, uint32_t negated, int32_t* sums) {
  if (w.block_out == 4) return BlockRows4x4<Index>(w, input, negated, sums);
  return BlockRows2x4<Index>(w, input, negated, sums);
}

template <typename Index>
void MultiplyNarrow(const BlockSparseConv& w, const uint32_t* columns, int32_t* sums) {
  if (w.block_out == 4) return BlockRows4x1<Index>(w, columns, sums);
  return BlockRows2x2<Index>(w, columns, sums);
}

// `sums` is behind the input in scratch.
void MultiplyBatch(const BlockSparseConv& w, const FullyConnectedOutput& out, const int8_t* input,
                   int32_t input_zero_point, uint32_t* scratch, int32_t* sums) {
  const int32_t shape = ShapeOf(w), depth = w.in_channels;
  if (shape == ShapeOf(4, 4) || shape == ShapeOf(2, 4)) {
    if (depth % 4 != 0) {
      CopyPadded(input, depth, scratch);
      input = reinterpret_cast<const int8_t*>(scratch);
    }
    const uint32_t negated = PackHalves(-input_zero_point, -input_zero_point);
    if (w.index_bytes == 1) {
      MultiplyRows<uint8_t>(w, input, negated, sums);
    } else {
      MultiplyRows<uint16_t>(w, input, negated, sums);
    }
    return out.Store(sums);
  }
  const int32_t padded = static_cast<int32_t>(PaddedColumns(w));
  if (shape == ShapeOf(1, 4)) {
    ExpandToQuads(input, depth, input_zero_point, padded, scratch);
    return MultiplyStreams(w, out, scratch, sums);
  }
  ExpandInOrder(input, depth, input_zero_point, padded, scratch);
  if (shape == ShapeOf(1, 2)) return MultiplyStreams(w, out, scratch, sums);
  if (shape == ShapeOf(2, 2) || shape == ShapeOf(4, 1)) {
    if (w.index_bytes == 1) {
      MultiplyNarrow<uint8_t>(w, scratch, sums);
    } else {
      MultiplyNarrow<uint16_t>(w, scratch, sums);
    }
  } else {
    MultiplyUnits(w, scratch, sums);
  }
  out.Store(sums);
}

}  // namespace

size_t SparseFullyConnectedM7ScratchBytes(const BlockSparseConv& w) {
  const size_t sums = 1 + (IsStream(w) ? StreamBlocks(w) : PaddedUnits(w));
  return (InputWords(w) + sums) * sizeof(int32_t);
}

void SparseFullyConnectedM7(const BlockSparseConv& w, const SparseFullyConnectedParams& params,
                            const FullyConnectedScale& scale, const int8_t* input,
                            const int32_t* bias, int8_t* output, void* scratch) {
  uint32_t* const words = static_cast<uint32_t*>(scratch);
  int32_t* const sums = reinterpret_cast<int32_t*>(words + InputWords(w));
  FullyConnectedOutput out = {w, scale, bias, params.output_zero_point, output};
  for (int32_t n = params.batches; n > 0; --n) {
    MultiplyBatch(w, out, input, params.input_zero_point, words, sums);
    input += w.in_channels;
    out.output += w.out_channels;
  }
}

size_t SparseFullyConnectedM7ScratchBytes(const IndexListConv& w) {
  return static_cast<size_t>((w.columns + 3) / 4 * 4) * sizeof(int16_t) +
         static_cast<size_t>(w.out_channels + 1) * sizeof(int32_t);
}

void SparseFullyConnectedM7(const IndexListConv& w, const SparseFullyConnectedParams& params,
                            const FullyConnectedScale& scale, const int8_t* input,
                            const int32_t* bias, int8_t* output, void* scratch) {
  const int32_t depth = w.in_channels;
  uint32_t* const columns = static_cast<uint32_t*>(scratch);
  int32_t* const sums = reinterpret_cast<int32_t*>(columns + (depth + 3) / 4 * 2);
  for (int32_t n = 0; n < params.batches; ++n, input += depth, output += w.out_channels) {
    ExpandInOrder(input, depth, params.input_zero_point, depth, columns);
    IndexListRows(w, columns, sums);
    const FullyConnectedOutput out = {w, scale, bias, params.output_zero_point, output};
    out.Store(sums);
  }
}

}  // namespace kws
