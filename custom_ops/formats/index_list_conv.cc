#include "custom_ops/formats/index_list_conv.h"

namespace kws {
namespace {

static_assert(sizeof(IndexListEntry) == 2 && alignof(IndexListEntry) == 1,
              "entries are part of the format");

FormatError CheckRows(const IndexListConv& view) {
  if (view.row_offsets[0] != 0) return FormatError::kBadRowOffsets;
  if (view.row_offsets[view.out_channels] != view.n_entries) return FormatError::kBadRowOffsets;
  for (int32_t row = 0; row < view.out_channels; ++row) {
    const uint32_t begin = view.row_offsets[row];
    const uint32_t end = view.row_offsets[row + 1];
    if (begin > end || end > view.n_entries) return FormatError::kBadRowOffsets;
    int32_t column = 0;
    for (uint32_t i = begin; i < end; ++i) {
      if (i > begin && view.entries[i].delta == 0) return FormatError::kBadIndex;
      column += view.entries[i].delta;
      if (column >= view.columns) return FormatError::kBadIndex;
    }
  }
  return FormatError::kOk;
}

}  // namespace

FormatError ReadIndexListConv(const uint8_t* data, size_t size, IndexListConv* view) {
  SparseHeader h;
  FormatError error = ReadSparseHeader(data, size, SparseEncoding::kIndexList, &h);
  if (error != FormatError::kOk) return error;
  if (h.index_bytes != 1) return FormatError::kBadField;
  if (h.column_order != static_cast<uint8_t>(ColumnOrder::kFlat)) return FormatError::kBadField;
  if (h.group_rows != 1 || h.group_columns != 1) return FormatError::kBadShape;
  const uint64_t columns = ReadSparseLayer(h, view);
  if (columns * h.out_channels > kMaxSparseMatrix) return FormatError::kTooLarge;
  if (h.n_stored > columns * h.out_channels) return FormatError::kBadShape;

  SparseSections sections;
  const uint64_t multipliers = sections.Add(4ull * h.out_channels);
  const uint64_t row_offsets = sections.Add(4ull * (h.out_channels + 1));
  const uint64_t shifts = sections.Add(h.out_channels);
  const uint64_t entry_bytes = uint64_t{h.n_stored} * sizeof(IndexListEntry);
  const uint64_t entries = sections.Add(entry_bytes + sizeof(IndexListEntry));
  if ((error = sections.Check(h, data, size)) != FormatError::kOk) return error;
  for (uint64_t i = 0; i < sizeof(IndexListEntry); ++i) {
    if (data[entries + entry_bytes + i] != 0) return FormatError::kPaddingNotZero;
  }

  view->columns = static_cast<int32_t>(columns);
  view->n_entries = h.n_stored;
  view->multipliers = reinterpret_cast<const int32_t*>(data + multipliers);
  view->row_offsets = reinterpret_cast<const uint32_t*>(data + row_offsets);
  view->shifts = reinterpret_cast<const int8_t*>(data + shifts);
  view->entries = reinterpret_cast<const IndexListEntry*>(data + entries);

  if ((error = CheckSparseQuantization(*view)) != FormatError::kOk) return error;
  return CheckRows(*view);
}

}  // namespace kws
