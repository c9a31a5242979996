// Packed N:M sparse weights (encoding 3), N of every four columns: the view and its validating
// reader. The byte layout is specified in docs/sparse_format.md.
#ifndef CUSTOM_OPS_FORMATS_N_OF_M_CONV_H_
#define CUSTOM_OPS_FORMATS_N_OF_M_CONV_H_

#include <cstddef>
#include <cstdint>

#include "custom_ops/formats/sparse_header.h"

namespace kws {

constexpr int32_t kNOfMGroup = 4;  // M
// Stored values of a row come in fours, with one byte of positions: a row is padded to that.
constexpr int32_t kNOfMQuad = 4;

// A validated buffer. The pointers look into it, so it must outlive the view.
//
// The weights form a matrix of `out_channels` rows and `groups * 4` columns. Every group stores `n`
// values and their positions in the group, ascending (a value may be 0). Row r has its values at
// `values + r * row_values`, group after group, and the positions of four of them in each byte at
// `positions + r * row_values / 4`, two bits each, the first lowest. Behind the last group, and in
// padded columns, values are 0; behind the last group positions are 0 too.
struct NOfMConv : SparseConvLayer {
  int32_t n;           // 1 or 2
  int32_t groups;      // groups of four columns in a row
  int32_t row_values;  // stored values of a row: groups * n, rounded up to 4

  const uint8_t* positions;  // [out_channels][row_values / 4]
  const int8_t* values;      // [out_channels][row_values], 4-byte aligned

  int32_t position(int32_t row, int32_t i) const {
    return (positions[(row * row_values + i) / kNOfMQuad] >> (i % kNOfMQuad * 2)) & 3;
  }
};

// Checks every byte that a kernel relies on and fills `view`. On an error `view` is not to be used.
// Reads at most `size` bytes at `data`; `data` must be 4-byte aligned.
FormatError ReadNOfMConv(const uint8_t* data, size_t size, NOfMConv* view);

}  // namespace kws

#endif  // CUSTOM_OPS_FORMATS_N_OF_M_CONV_H_
