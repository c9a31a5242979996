#include "custom_ops/formats/block_sparse_conv.h"

namespace kws {
namespace {

FormatError CheckRows(const BlockSparseConv& view) {
  if (view.row_offsets[0] != 0) return FormatError::kBadRowOffsets;
  if (view.row_offsets[view.block_rows] != view.n_blocks) return FormatError::kBadRowOffsets;
  for (int32_t row = 0; row < view.block_rows; ++row) {
    const uint32_t begin = view.row_offsets[row];
    const uint32_t end = view.row_offsets[row + 1];
    if (begin > end || end > view.n_blocks) return FormatError::kBadRowOffsets;
    for (uint32_t block = begin; block < end; ++block) {
      const uint32_t index = view.index(block);
      if (index >= static_cast<uint32_t>(view.columns)) return FormatError::kBadIndex;
      if (block > begin && index <= view.index(block - 1)) return FormatError::kBadIndex;
    }
  }
  return FormatError::kOk;
}

// Padded rows and columns of the matrix must hold zeros: the fast kernel multiplies them.
FormatError CheckTails(const BlockSparseConv& view) {
  const int32_t depth = view.kernel_h * view.kernel_w * view.tap_pitch;
  for (int32_t row = 0; row < view.block_rows; ++row) {
    const int32_t rows_left = view.out_channels - row * view.block_out;
    for (uint32_t block = view.row_offsets[row]; block < view.row_offsets[row + 1]; ++block) {
      const int32_t column = static_cast<int32_t>(view.index(block)) * view.block_in;
      const int8_t* value = view.values + block * view.block_out * view.block_in;
      for (int32_t r = 0; r < view.block_out; ++r) {
        for (int32_t i = 0; i < view.block_in; ++i, ++value) {
          const bool padded = r >= rows_left || column + i >= depth ||
                              (column + i) % view.tap_pitch >= view.in_channels;
          if (padded && *value != 0) return FormatError::kPaddingNotZero;
        }
      }
    }
  }
  return FormatError::kOk;
}

}  // namespace

FormatError ReadBlockSparseConv(const uint8_t* data, size_t size, BlockSparseConv* view) {
  SparseHeader h;
  FormatError error = ReadSparseHeader(data, size, SparseEncoding::kBlock, &h);
  if (error != FormatError::kOk) return error;
  if (h.index_bytes != 1 && h.index_bytes != 2) return FormatError::kBadField;
  if (h.group_rows == 0 || h.group_columns == 0) return FormatError::kBadShape;
  if (h.group_rows > kMaxBlockSide || h.group_columns > kMaxBlockSide) {
    return FormatError::kBadShape;
  }
  const uint64_t padded_columns = ReadSparseLayer(h, view);
  const uint64_t columns = padded_columns / h.group_columns;
  const uint64_t block_rows = SparseRoundUp(h.out_channels, h.group_rows) / h.group_rows;
  if (columns > (h.index_bytes == 1 ? 256u : 65536u)) return FormatError::kTooLarge;
  if (padded_columns * block_rows * h.group_rows > kMaxSparseMatrix) return FormatError::kTooLarge;
  if (h.n_stored > columns * block_rows) return FormatError::kBadShape;

  SparseSections sections;
  const uint64_t block_values = uint64_t{h.group_rows} * h.group_columns;
  const uint64_t multipliers = sections.Add(4ull * h.out_channels);
  const uint64_t row_offsets = sections.Add(4ull * (block_rows + 1));
  const uint64_t shifts = sections.Add(h.out_channels);
  const uint64_t indices = sections.Add(uint64_t{h.index_bytes} * h.n_stored);
  const uint64_t values = sections.Add(h.n_stored * block_values);
  if ((error = sections.Check(h, data, size)) != FormatError::kOk) return error;

  view->block_out = h.group_rows;
  view->block_in = h.group_columns;
  view->columns = static_cast<int32_t>(columns);
  view->block_rows = static_cast<int32_t>(block_rows);
  view->n_blocks = h.n_stored;
  view->index_bytes = h.index_bytes;
  view->multipliers = reinterpret_cast<const int32_t*>(data + multipliers);
  view->row_offsets = reinterpret_cast<const uint32_t*>(data + row_offsets);
  view->shifts = reinterpret_cast<const int8_t*>(data + shifts);
  view->indices = data + indices;
  view->values = reinterpret_cast<const int8_t*>(data + values);

  if ((error = CheckSparseQuantization(*view)) != FormatError::kOk) return error;
  if ((error = CheckRows(*view)) != FormatError::kOk) return error;
  return CheckTails(*view);
}

}  // namespace kws
