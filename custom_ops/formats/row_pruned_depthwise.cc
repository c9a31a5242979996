#include "custom_ops/formats/row_pruned_depthwise.h"

#include <cstring>

namespace kws {
namespace {

constexpr uint64_t kMaxTaps = 1u << 16;
constexpr uint16_t kMaxStep = 255;  // stride and dilation

// The header has the fields of a KWSP buffer; those that mean nothing here are 0, and the index
// bytes are the zero point of what a separable convolution has between its halves.
FormatError CheckHeader(const SparseHeader& h) {
  if (h.magic != kRowPrunedMagic) return FormatError::kBadMagic;
  if (h.version != kRowPrunedVersion) return FormatError::kBadVersion;
  if (h.header_bytes != kSparseHeaderBytes) return FormatError::kBadHeaderSize;
  const bool alone = h.encoding == static_cast<uint8_t>(RowPrunedUse::kAlone);
  if (!alone && h.encoding != static_cast<uint8_t>(RowPrunedUse::kSeparable)) {
    return FormatError::kBadEncoding;
  }
  if (h.padding > 1) return FormatError::kBadField;
  if (h.column_order != 0 || h.group_rows != 0 || h.group_columns != 0) {
    return FormatError::kReservedNotZero;
  }
  if (alone && h.index_bytes != 0) return FormatError::kReservedNotZero;
  for (uint32_t word : h.reserved) {
    if (word != 0) return FormatError::kReservedNotZero;
  }
  const bool positive = h.kernel_h && h.kernel_w && h.in_channels && h.out_channels && h.stride_h &&
                        h.stride_w && h.dilation_h && h.dilation_w;
  if (!positive || h.out_channels % h.in_channels != 0) return FormatError::kBadShape;
  if (h.stride_h > kMaxStep || h.stride_w > kMaxStep || h.dilation_h > kMaxStep ||
      h.dilation_w > kMaxStep) {
    return FormatError::kBadShape;
  }
  const uint64_t taps = static_cast<uint64_t>(h.kernel_h) * h.kernel_w;
  if (taps > kMaxTaps || taps * h.out_channels > kMaxSparseMatrix) return FormatError::kTooLarge;
  if (h.n_stored > static_cast<uint32_t>(h.kernel_h) * h.out_channels) {
    return FormatError::kBadShape;
  }
  if (h.activation_min > h.activation_max) return FormatError::kBadActivationRange;
  return FormatError::kOk;
}

// The masks hold as many rows as are stored, and none beyond the kernel.
FormatError CheckMasks(const RowPrunedDepthwise& view) {
  uint32_t rows = 0;
  for (int32_t c = 0; c < view.out_channels; ++c) {
    for (int32_t y = 0; y < view.mask_bytes * 8; ++y) {
      if (!view.has_row(c, y)) continue;
      if (y >= view.kernel_h) return FormatError::kBadIndex;
      ++rows;
    }
  }
  return rows == view.n_rows ? FormatError::kOk : FormatError::kBadRowOffsets;
}

}  // namespace

FormatError ReadRowPrunedDepthwise(const uint8_t* data, size_t size, RowPrunedDepthwise* view) {
  if (data == nullptr || size < sizeof(SparseHeader)) return FormatError::kTruncated;
  if (reinterpret_cast<uintptr_t>(data) % 4 != 0) return FormatError::kMisaligned;
  SparseHeader h;
  std::memcpy(&h, data, sizeof(h));
  FormatError error = CheckHeader(h);
  if (error != FormatError::kOk) return error;

  const uint64_t mask_bytes = (h.kernel_h + 7u) / 8u;
  SparseSections sections;
  const uint64_t multipliers = sections.Add(4ull * h.out_channels);
  const uint64_t shifts = sections.Add(h.out_channels);
  const uint64_t masks = sections.Add(mask_bytes * h.out_channels);
  const uint64_t values = sections.Add(static_cast<uint64_t>(h.n_stored) * h.kernel_w);
  if ((error = sections.Check(h, data, size)) != FormatError::kOk) return error;

  h.group_columns = 1;
  ReadSparseLayer(h, view);
  view->use = static_cast<RowPrunedUse>(h.encoding);
  view->inner_zero_point = static_cast<int8_t>(h.index_bytes);
  view->n_rows = h.n_stored;
  view->mask_bytes = static_cast<int32_t>(mask_bytes);
  view->multipliers = reinterpret_cast<const int32_t*>(data + multipliers);
  view->shifts = reinterpret_cast<const int8_t*>(data + shifts);
  view->masks = data + masks;
  view->values = reinterpret_cast<const int8_t*>(data + values);
  if ((error = CheckSparseQuantization(*view)) != FormatError::kOk) return error;
  return CheckMasks(*view);
}

}  // namespace kws
