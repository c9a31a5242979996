// Four channels of a depthwise convolution, one output row at a time, with SMLAD along the row.
//
// The row of one channel becomes words of two neighbouring int16 (x, x + 1), zero point subtracted
// and zero where the convolution pads, and so do the taps. With X[j] = (x[2j], x[2j + 1]) counted
// from the first padded position, outputs 2j and 2j + 1 of stride 1 come from the same words:
//
//   even:  sum over s of  (w[2s],     w[2s + 1]) * X[j + s]
//   odd:   sum over s of  (w[2s - 1], w[2s])     * X[j + s]
//
// and output j of stride 2 is the even sum. A filter of several rows is the sum of its rows.
// "Along the row" is along x, or along y where the filter is a column.
#ifndef CUSTOM_OPS_KERNELS_DEPTHWISE_ROWS_H_
#define CUSTOM_OPS_KERNELS_DEPTHWISE_ROWS_H_

#include <cstddef>
#include <cstdint>

#include "custom_ops/kernels/channel_scales.h"
#include "custom_ops/kernels/conv_types.h"
#include "custom_ops/kernels/depthwise_planes.h"

namespace kws {

constexpr int32_t kMaxRowSteps = 8;                // words of taps of one filter row
constexpr int32_t kMaxRowTaps = 64;                // of a whole filter
constexpr int32_t kRowBlock1 = 6, kRowBlock2 = 4;  // outputs of one turn of the loops, by stride

// What four channels need beside weights, which follow it. Assembly reads it.
struct RowQuad {
  int32_t bias[kPlaneQuad];        // twice when narrow
  int32_t multiplier[kPlaneQuad];  // Q31
  int32_t offset[kPlaneQuad];      // FastRequantizer::offset
  int32_t right[kPlaneQuad];       // right shift; negative without narrow: shift to the left
};
constexpr int32_t kRowQuadWords = sizeof(RowQuad) / sizeof(uint32_t);

// One output row of four channels. Planes are [filter row][word][channel], weights [filter row]
// [word][channel] as well; the words of a row of weights of stride 1 are odd, even, odd, even, ...
// Assembly reads it: the order is fixed.
struct RowCall {
  const uint32_t* planes;
  const RowQuad* quad;
  const uint32_t* planes_end;  // where the block after the last one would begin
  uint32_t* stage;             // results: [position] of four int8, whole blocks
  uint32_t last_step;          // 1 << (steps - 1), and the highest bit for several filter rows
  int32_t planes_back;         // bytes: from planes_end to the next channel's planes
  int32_t stage_back;          // likewise in the stage
  const RowQuad* quad_end;     // 4 channels of 4 bytes behind `quad`
  int32_t first_row;   // bytes from the first filter row to the one that meets the first planes
  int32_t weight_row;  // bytes from filter row to filter row
  int32_t plane_row;   // likewise
  int32_t kernel_rows;
  int32_t stride, steps;
};

// Full int8 range; the quad is narrow.
void RunRowBlocks(const RowCall& call);

// The same for a quad that is not.
void RunRowBlocksWide(const RowCall& call, int32_t zero_point);

// Geometry of one layer along the row, and the layout of its scratch.
class RowLayer {
 public:
  // Whether filters of this size are taken: multiplier 1, four channels at least, stride 1 or 2 and
  // dilation 1 along the row, and a row that fits a few kB of scratch.
  static bool Takes(const ConvDims& dims, const ConvParams& params, int32_t kernel_h,
                    int32_t kernel_w);

  // For dims and params that are taken. `scratch`: ScratchWords words; without it only their count
  // is known.
  RowLayer(const ConvDims& dims, const ConvParams& params, int32_t kernel_h, int32_t kernel_w,
           uint32_t* scratch);

  int32_t ScratchWords() const { return words_; }

  // Before the first quad of an evaluation.
  void Clear() const;

  // Requantisation of channel i of a quad; all four of them `narrow`, or none.
  void PackScale(int32_t bias, const PlaneScale& scale, bool narrow, int32_t i) const;

  // Weights of a quad: taps of four neighbouring channels, `column` and `row` bytes apart.
  void PackTaps(const int8_t* taps, int32_t column, int32_t row, bool narrow) const;

  // The quad that was packed, of all batches; `input` and `output` are the first of four channels.
  void Run(const OutputRange& range, bool narrow, const int8_t* input, int8_t* output);

 private:
  void WeaveRow(const int8_t* input, uint32_t* plane) const;
  void WeaveRows(const int8_t* input, int32_t first, int32_t end) const;

  RowCall call_ = {};
  RowQuad* quad_ = nullptr;
  uint32_t *weights_ = nullptr, *planes_ = nullptr;
  bool column_;  // the filter is a column: rows are those of the transposed image
  int32_t batches_, taps_, row_stride_;
  int32_t in_rows_, out_, out_rows_, pad_, row_pad_;
  int32_t pixel_, row_, out_pixel_, out_row_, image_, out_image_;  // bytes
  int32_t used_;                        // positions of an input row that are read
  int32_t weight_words_, plane_words_;  // of one row
  int32_t words_;
  uint32_t outside_;  // four zero points
  uint32_t negated_;  // two
};

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_DEPTHWISE_ROWS_H_
