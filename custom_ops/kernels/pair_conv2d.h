// A convolution by pair tiles, whatever the encoding of its weights: the part that index list and
// N:M share.
#ifndef CUSTOM_OPS_KERNELS_PAIR_CONV2D_H_
#define CUSTOM_OPS_KERNELS_PAIR_CONV2D_H_

#include "custom_ops/kernels/pair_tile.h"

namespace kws {

// Where a row that is taken in segments has got to.
struct PairCursor {
  const uint8_t* stream;
  const uint32_t* tile;
  int32_t left;         // weights or quads
  uint32_t offsets[2];  // of the segment
};

// One encoding's weights.
struct PairWeights {
  const SparseConvLayer& layer;
  const uint8_t* stream;        // of the first row
  const uint32_t* row_offsets;  // index list
  int32_t row_quads;            // N:M
  RunPairRowsFn run;            // all rows, or one segment
  // Puts the cursor (with its tile) at the start of `row`.
  void (*begin)(const PairWeights& weights, int32_t row, PairCursor* cursor);
  // Points `rows` at the next kPairSegment weights of the row and moves the cursor behind them.
  void (*next)(const PairWeights& weights, PairCursor* cursor, PairRows* rows);
};

// What of a row decides on the short way: the sum of its weights' magnitudes.
bool PairRowIsFast(const SparseConvLayer& layer, const ConvParams& params, int32_t channel,
                   int64_t magnitude, int32_t bias);

void PairConv2dM7(const PairWeights& weights, const ConvDims& dims, const ConvParams& params,
                  bool fast, const int8_t* input, const int32_t* bias, int8_t* output,
                  uint32_t* tile);

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_PAIR_CONV2D_H_
