// Packed unstructured sparse weights (encoding 2): the view and its validating reader.
// The byte layout is specified in docs/sparse_format.md.
#ifndef CUSTOM_OPS_FORMATS_INDEX_LIST_CONV_H_
#define CUSTOM_OPS_FORMATS_INDEX_LIST_CONV_H_

#include <cstddef>
#include <cstdint>

#include "custom_ops/formats/sparse_header.h"

namespace kws {

// One stored weight: its column is `delta` beyond the one before it, or beyond column 0 for the
// first of a row. The columns of a row ascend. A gap of more than 255 columns is bridged by entries
// of value 0, so that a kernel has no second case.
struct IndexListEntry {
  uint8_t delta;
  int8_t value;
};

// A validated buffer. The pointers look into it, so it must outlive the view.
//
// The weights form a matrix of `out_channels` rows and `columns` columns, (ky, kx, channel) in
// flat order: tap_pitch is in_channels. The entries of row r are `row_offsets[r]` to
// `row_offsets[r + 1]` (not included), at most `columns` of them. Behind the last entry lies one
// more, zero, for kernels that read ahead.
struct IndexListConv : SparseConvLayer {
  int32_t columns;     // kernel_h * kernel_w * in_channels
  uint32_t n_entries;  // stored, bridges included

  const uint32_t* row_offsets;    // [out_channels + 1]
  const IndexListEntry* entries;  // [n_entries + 1], 4-byte aligned
};

// Checks every byte that a kernel relies on and fills `view`. On an error `view` is not to be used.
// Reads at most `size` bytes at `data`; `data` must be 4-byte aligned.
FormatError ReadIndexListConv(const uint8_t* data, size_t size, IndexListConv* view);

}  // namespace kws

#endif  // CUSTOM_OPS_FORMATS_INDEX_LIST_CONV_H_
