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
// six multiplications an output.
#ifndef CUSTOM_OPS_KERNELS_DEPTHWISE_PLANES_H_
#define CUSTOM_OPS_KERNELS_DEPTHWISE_PLANES_H_

#include <cstddef>
#include <cstdint>

#include "custom_ops/kernels/channel_scales.h"
#include "custom_ops/kernels/conv_types.h"

namespace kws {

constexpr int32_t kPlaneQuad = 4;
constexpr int32_t kPlaneTaps = 3;

// What a row of one channel needs. Assembly reads it: the order is fixed.
struct PlaneChannel {
  int32_t multiplier;                // Q31
  int32_t right_and_count;           // right shift + (output width - 1) * 256
  uint32_t weights[2 * kPlaneTaps];  // a, b of each column, doubled as FastRequantizer likes it
  int32_t bias;                      // doubled
  int32_t offset;                    // FastRequantizer::offset
};
static_assert(sizeof(PlaneChannel) == 40, "the layout is known to assembly");

// The planes of four channels: [column][channel][row pair], out_w + 2 columns. Row pair p of the
// input stands in word p % 2, so that u is the word `parity` and l the other.
constexpr int32_t kColumnWords = 2 * kPlaneQuad;
constexpr int32_t PlaneWords(int32_t out_w) { return kColumnWords * (out_w + kPlaneTaps - 1); }

// Words that two output rows of four channels take: [column][row] of four int8.
constexpr int32_t StageWords(int32_t out_w) { return 2 * out_w; }

// Channels [channel, channel + 4) of a dense filter [3, 3, out_channels].
void PackPlaneChannels(const int8_t* filter, const ConvDims& dims, const ChannelScales& scales,
                       const int32_t* bias, int32_t output_zero_point, int32_t channel,
                       PlaneChannel (&channels)[kPlaneQuad]);

// Weaves rows of the input of one layer. Columns where the convolution pads are left alone; they
// must be zero.
struct PlaneWeaver {
  int32_t in_h, row, pixel;  // rows, bytes from row to row and from position to position
  int32_t columns;           // of the input that meet the filter
  int32_t skipped;           // words of the planes before them
  uint32_t outside;          // four zero points
  uint32_t negated;          // two

  PlaneWeaver(const ConvDims& dims, const ConvParams& params);

  // Rows y and y + 1, which may lie outside, into the words `slot`. `input` is the first of the
  // four channels of one batch.
  void Weave(const int8_t* input, int32_t y, int32_t slot, uint32_t* planes) const;
};

// Two output rows of four channels, full int8 range. Needs scales.narrow.
void PlaneRowPair(const PlaneChannel (&channels)[kPlaneQuad], const uint32_t* planes,
                  int32_t parity, int32_t out_w, uint32_t* stage);

// The same for any scales.
void PlaneRowPairWide(const PlaneChannel (&channels)[kPlaneQuad], const uint32_t* planes,
                      int32_t parity, int32_t out_w, int32_t zero_point, uint32_t* stage);

// Clamps the staged rows to `range` and stores them `pixel` bytes a position apart; `second` is
// nullptr below the last row.
void StoreStage(uint32_t* stage, int32_t out_w, const OutputRange& range, int32_t pixel,
                int8_t* first, int8_t* second);

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_DEPTHWISE_PLANES_H_
