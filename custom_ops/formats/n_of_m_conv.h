// Packed N:M sparse weights (encoding 3), N of every four columns: the view and its validating
// reader. The byte layout is specified in docs/sparse_format.md.
#ifndef CUSTOM_OPS_FORMATS_N_OF_M_CONV_H_
#define CUSTOM_OPS_FORMATS_N_OF_M_CONV_H_

#include <cstddef>
#include <cstdint>

#include "custom_ops/formats/sparse_header.h"

namespace kws {

constexpr int32_t kNOfMGroup = 4;  // M

// Four stored values of a row and their positions in their groups, two bits each, the first lowest.
struct NOfMQuad {
  static constexpr int32_t kValues = 4;
  uint8_t positions;
  int8_t values[kValues];
};

// A validated buffer. The pointers look into it, so it must outlive the view.
//
// The weights form a matrix of `out_channels` rows and `groups * 4` columns. Every group stores `n`
// values, group after group, and their positions, ascending in a group (a value may be 0). Row r
// has its values in `row_quads` quads from `quads + r * row_quads` on. Behind the last group, and
// in padded columns, values are 0; behind the last group positions are 0 too. Behind the last quad
// lies one more, zero, for kernels that read ahead.
struct NOfMConv : SparseConvLayer {
  int32_t n;          // 1 or 2
  int32_t groups;     // groups of four columns in a row
  int32_t row_quads;  // quads of a row: groups * n, rounded up to fours

  const NOfMQuad* quads;  // [out_channels][row_quads] and one

  // Stored value `i` of a row, below row_quads * 4, and its position in the group i / n.
  int8_t value(int32_t row, int32_t i) const {
    return quads[row * row_quads + i / NOfMQuad::kValues].values[i % NOfMQuad::kValues];
  }
  int32_t position(int32_t row, int32_t i) const {
    const int32_t positions = quads[row * row_quads + i / NOfMQuad::kValues].positions;
    return (positions >> (i % NOfMQuad::kValues * 2)) & 3;
  }
};

// Checks every byte that a kernel relies on and fills `view`. On an error `view` is not to be used.
// Reads at most `size` bytes at `data`; `data` must be 4-byte aligned.
FormatError ReadNOfMConv(const uint8_t* data, size_t size, NOfMConv* view);

}  // namespace kws

#endif  // CUSTOM_OPS_FORMATS_N_OF_M_CONV_H_
