// Four channels of a 3x3 depthwise convolution of stride and dilation 1, two output rows at a time.
//
// SMLAD needs two products of one channel side by side, which NHWC does not have: rows y and y + 1
// of four channels are woven into words (row y, row y + 1) of int16, one plane a channel, zero
// point subtracted and zero where the convolution pads. Output rows y and y + 1 are then sums over
// the pairs of rows u = (y, y + 1) and l = (y + 2, y + 3):
//
//   row y:      (w0, w1) * u + w2 * low l
//   row y + 1:  w0 * high u  + (w1, w2) * l
//
// so that two weight words a filter column, a = (w0, w1) and b = (w1, w2), serve both rows with
// six multiplications an output. A channel without some of its rows needs fewer. Row pairs are
// woven in groups, each once, so that a channel's weights are loaded once a group.
#ifndef CUSTOM_OPS_KERNELS_DEPTHWISE_PLANES_H_
#define CUSTOM_OPS_KERNELS_DEPTHWISE_PLANES_H_

#include <cstddef>
#include <cstdint>

#include "custom_ops/kernels/channel_scales.h"
#include "custom_ops/kernels/conv_types.h"

namespace kws {

constexpr int32_t kPlaneQuad = 4;
constexpr int32_t kPlaneTaps = 3;

// Which rows of a filter are not zero, as far as the work differs.
enum class PlaneRows : uint8_t {
  kAll,    // also the first and the last
  kUpper,  // the first two, or the middle one
  kLower,  // the last two
  kFirst,  // or none
  kLast,
};

// What a row of one channel needs. Assembly reads it: the order is fixed.
struct PlaneChannel {
  int32_t multiplier;                // Q31
  int32_t right_and_count;           // right shift + (output width - 1) * 256
  uint32_t weights[2 * kPlaneTaps];  // kAll: a, b of each column; kUpper: a; kLower: b; else w, 0
  int32_t bias;
  int32_t offset;  // FastRequantizer::offset; for RunPlaneGroupWide the shift, positive to the left
};
static_assert(sizeof(PlaneChannel) == 40, "the layout is known to assembly");

struct PlaneQuad {
  PlaneChannel channels[kPlaneQuad];
  PlaneRows rows[kPlaneQuad];
  bool narrow;  // weights and bias are doubled for FastRequantizer
};

// Requantisation of one output channel.
struct PlaneScale {
  int32_t multiplier, shift, output_zero_point;
};

// Packs a filter whose taps are `row` and `column` bytes apart as channel i of `quad`, whose
// `narrow` is set. Where that does not hold all rows count as kAll.
void PackPlaneChannel(const int8_t* filter, int32_t row, int32_t column, int32_t bias,
                      const PlaneScale& scale, int32_t out_w, int32_t i, PlaneQuad* quad);

// A group is up to kPlaneGroup pairs of output rows. The planes of four channels hold the row pairs
// of the input that a group needs: [column][channel][slot], out_w + 2 columns and one more that the
// loops read ahead. For the row pair r of a group u is slot r and l slot r + 1.
constexpr int32_t kPlaneGroup = 5;
constexpr int32_t kPlaneSlots = kPlaneGroup + 1;
constexpr int32_t kColumnWords = kPlaneQuad * kPlaneSlots;
constexpr int32_t PlaneWords(int32_t out_w) { return kColumnWords * (out_w + kPlaneTaps); }

// Words of the results of a group: [row pair][column][row] of four int8.
constexpr int32_t StageWords(int32_t out_w) { return kPlaneGroup * 2 * out_w; }

// Weaves rows of the input of one layer. Columns where the convolution pads are left alone; they
// must be zero.
struct PlaneWeaver {
  int32_t in_h, row, pixel;  // rows, bytes from row to row and from position to position
  int32_t columns;           // of the input that meet the filter
  int32_t skipped;           // words of the planes before them
  uint32_t outside;          // four zero points
  uint32_t negated;          // two

  PlaneWeaver(const ConvDims& dims, const ConvParams& params);

  // `pairs` row pairs, the first of rows y and y + 1, into as many slots from `slot` on; rows may
  // lie outside. `input` is the first of the four channels of one batch.
  void Weave(const int8_t* input, int32_t y, int32_t slot, int32_t pairs, uint32_t* planes) const;
};

// A group of `pairs` row pairs of four channels, full int8 range. `quad` is narrow.
void RunPlaneGroup(const PlaneQuad& quad, const uint32_t* planes, int32_t pairs, int32_t out_w,
                   uint32_t* stage);

// The same for a quad that is not.
void RunPlaneGroupWide(const PlaneQuad& quad, const uint32_t* planes, int32_t pairs, int32_t out_w,
                       int32_t zero_point, uint32_t* stage);

// Clamps staged results.
void ClampStage(const OutputRange& range, int32_t words, uint32_t* stage);

// Words of scratch for RunPlaneQuad.
constexpr int32_t PlaneScratchWords(int32_t out_w) { return PlaneWords(out_w) + StageWords(out_w); }

// Before the first quad of an evaluation.
void ClearPlanes(int32_t out_w, uint32_t* scratch);

// Four channels of all batches; `input` and `output` are the first of them.
void RunPlaneQuad(const PlaneQuad& quad, const PlaneWeaver& weaver, const ConvDims& dims,
                  const ConvParams& params, const int8_t* input, int8_t* output, uint32_t* scratch);

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_DEPTHWISE_PLANES_H_
