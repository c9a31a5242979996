// Conv2dM7's view of the input: the receptive fields of some output positions as int16, zero point
// subtracted, zero where the convolution pads.
#ifndef CUSTOM_OPS_KERNELS_CONV2D_TILE_H_
#define CUSTOM_OPS_KERNELS_CONV2D_TILE_H_

#include <cstdint>

#include "custom_ops/kernels/conv2d.h"
#include "custom_ops/kernels/conv2d_groups.h"

namespace kws {

constexpr int32_t kMaxGroups = 16;

struct TileShape {
  int32_t terms;   // products of one sum
  int32_t pairs;   // words of two int16 that hold them, a multiple of kPairStep
  int32_t groups;  // of kPositions positions that the scratch holds

  TileShape(const ConvDims& dims, const FilterDims& filter);

  int32_t group_words() const { return pairs * kPositions; }
  int32_t weight_words() const { return pairs * kChannels; }
};

// A layer's input side.
struct TileInput {
  const ConvDims& dims;
  const FilterDims& filter_dims;
  const ConvParams& params;
  const TileShape& shape;
};

// The output position whose receptive field comes next; `input` is its batch's.
struct TileCursor {
  const int8_t* input;
  int32_t y, x;
};

// Expands the receptive fields of the next `count` positions, of one batch, to
// [groups][pairs][kPositions] words of two int16. Four values of a field make two words, in the
// order in which SXTB16 splits four bytes: (0, 2) and (1, 3). Positions that do not exist are left.
void FillTile(const TileInput& input, int32_t count, TileCursor* at, uint32_t* columns);

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_CONV2D_TILE_H_
