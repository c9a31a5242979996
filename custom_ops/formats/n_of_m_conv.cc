#include "custom_ops/formats/n_of_m_conv.h"

namespace kws {
namespace {

static_assert(sizeof(NOfMQuad) == 5 && alignof(NOfMQuad) == 1, "quads are part of the format");

FormatError CheckRow(const NOfMConv& view, int32_t row) {
  const int32_t depth = view.kernel_h * view.kernel_w * view.tap_pitch;
  for (int32_t i = 0; i < view.row_quads * NOfMQuad::kValues; ++i) {
    const int32_t position = view.position(row, i);
    if (i >= view.groups * view.n) {
      if (position != 0 || view.value(row, i) != 0) return FormatError::kPaddingNotZero;
      continue;
    }
    if (i % view.n != 0 && position <= view.position(row, i - 1)) return FormatError::kBadIndex;
    const int32_t column = i / view.n * kNOfMGroup + position;
    const bool padded = column >= depth || column % view.tap_pitch >= view.in_channels;
    if (padded && view.value(row, i) != 0) return FormatError::kPaddingNotZero;
  }
  return FormatError::kOk;
}

}  // namespace

FormatError ReadNOfMConv(const uint8_t* data, size_t size, NOfMConv* view) {
  SparseHeader h;
  FormatError error = ReadSparseHeader(data, size, SparseEncoding::kNOfM, &h);
  if (error != FormatError::kOk) return error;
  if (h.index_bytes != 1) return FormatError::kBadField;
  if (h.group_columns != kNOfMGroup) return FormatError::kBadShape;
  if (h.group_rows != 1 && h.group_rows != 2) return FormatError::kBadShape;
  const uint64_t columns = ReadSparseLayer(h, view);
  if (columns * h.out_channels > kMaxSparseMatrix) return FormatError::kTooLarge;
  const uint64_t groups = columns / kNOfMGroup;
  if (h.n_stored != groups * h.out_channels) return FormatError::kBadShape;

  SparseSections sections;
  const uint64_t row_values = SparseRoundUp(groups * h.group_rows, NOfMQuad::kValues);
  const uint64_t row_quads = row_values / NOfMQuad::kValues;
  const uint64_t quad_bytes = row_quads * h.out_channels * sizeof(NOfMQuad);
  const uint64_t multipliers = sections.Add(4ull * h.out_channels);
  const uint64_t shifts = sections.Add(h.out_channels);
  const uint64_t quads = sections.Add(quad_bytes + sizeof(NOfMQuad));
  if ((error = sections.Check(h, data, size)) != FormatError::kOk) return error;
  for (uint64_t i = 0; i < sizeof(NOfMQuad); ++i) {
    if (data[quads + quad_bytes + i] != 0) return FormatError::kPaddingNotZero;
  }

  view->n = h.group_rows;
  view->groups = static_cast<int32_t>(groups);
  view->row_quads = static_cast<int32_t>(row_quads);
  view->multipliers = reinterpret_cast<const int32_t*>(data + multipliers);
  view->shifts = reinterpret_cast<const int8_t*>(data + shifts);
  view->quads = reinterpret_cast<const NOfMQuad*>(data + quads);

  if ((error = CheckSparseQuantization(*view)) != FormatError::kOk) return error;
  for (int32_t row = 0; row < view->out_channels; ++row) {
    if ((error = CheckRow(*view, row)) != FormatError::kOk) return error;
  }
  return FormatError::kOk;
}

}  // namespace kws
