// The tile of the kernels that take single weights (index list, N:M): the receptive fields of eight
// output positions, two positions in a word, so that one SMLAL does two products.
//
// A word holds x0 + x1 * 2^23, the int8 inputs of two positions less the zero point, 9 bits each.
// Times a weight and added up in 64 bits, that is two sums 23 bits apart: field 0 in bits 0 to 22,
// field 1 in bits 23 to 45. They stay apart while no sum leaves 22 bits and a sign: each starts at
// 2^22, so that both are always positive and nothing is borrowed across. kPairSegment weights of
// any value cannot leave that range.
#ifndef CUSTOM_OPS_KERNELS_PAIR_TILE_H_
#define CUSTOM_OPS_KERNELS_PAIR_TILE_H_

#include <cstddef>
#include <cstdint>

#include "custom_ops/formats/sparse_header.h"
#include "custom_ops/kernels/conv_types.h"

namespace kws {

constexpr int32_t kPairTile = 8;  // output positions
constexpr int32_t kPairs = kPairTile / 2;
constexpr int32_t kPairFieldBits = 23;
constexpr int32_t kPairFieldLimit = 1 << (kPairFieldBits - 1);  // of a sum's magnitude
constexpr int32_t kPairSegment = 128;
static_assert(kPairSegment * 128 * 255 < kPairFieldLimit, "a segment fits whatever its values");

// Bytes of the tile words of one column.
constexpr int32_t kPairColumnBytes = kPairs * 4;

// Expands the receptive fields of positions `first` to `first + 7` (those from `positions` on
// repeat the last) of one batch at `input` into `tile`: uint32 [columns][kPairs], column order and
// padding as in `layer`, 0 where the convolution pads. Columns behind the last tap are not written.
void FillPairTile(const SparseConvLayer& layer, const ConvDims& dims, const ConvParams& params,
                  const int8_t* input, int32_t first, uint32_t* tile);

// What a routine over rows (output channels) of one tile works on. The M7 routines know the layout.
struct PairRows {
  const uint32_t* tile;
  const uint8_t* stream;        // the first row's stored weights; moves on
  const uint32_t* row_offsets;  // index list: entries before each row and behind it; moves on
  int32_t rows;                 // counts down
  const int32_t* bias;          // these four move on by one a row
  const int32_t* multipliers;
  const int8_t* shifts;
  int8_t* output;         // position 0 of the first row
  int32_t output_stride;  // bytes from one position to the next
  int32_t zero_point_factor;
  int32_t sums_only;  // 1: one row, nothing is scaled, `sums` is the result
  const void* next_row;
  int32_t row_quads;        // N:M
  int32_t sums[kPairTile];  // twice the sums, if sums_only
};

using RunPairRowsFn = void (*)(PairRows* rows);

// The two sums of each accumulator, less their start, and twice `bias` more: doubled, as SMMLAR
// wants them. `sums` is written.
void SplitPairSums(const int64_t* accumulators, int32_t bias, int32_t* sums);
constexpr int64_t kPairStart = (int64_t{kPairFieldLimit} << kPairFieldBits) + kPairFieldLimit;

// One finished row: splits the sums and scales and stores them, or leaves them in `sums`; moves all
// pointers but `stream` and `row_offsets` on. The twin of KwsFinishPairRow.
void FinishPairRow(PairRows* rows, const int64_t* accumulators);

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_PAIR_TILE_H_
