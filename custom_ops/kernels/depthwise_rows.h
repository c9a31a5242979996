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

// 0 in an image whose model has no layer that is taken: it goes without the code.
#ifndef KWS_DEPTHWISE_ROWS
#define KWS_DEPTHWISE_ROWS 1
#endif

namespace kws {

constexpr bool kHasRows = (KWS_DEPTHWISE_ROWS) != 0;

constexpr int32_t kMaxRowSteps = 8;  // words of taps of one filter row
constexpr int32_t kMaxRowTaps = 64;  // of a whole filter
constexpr int32_t kRowBlock = 6;     // outputs of a unit
constexpr int32_t kRowQuads = 4;     // most quads of a group

// What four channels need; weights follow, [filter row][word][channel], where the words of a row of
// stride 1 are odd, even, odd, even, ... Assembly reads it.
struct RowQuad {
  int32_t first_row;    // bytes from the first filter row to the one that meets the first planes
  int32_t weight_row;   // bytes from filter row to filter row
  int32_t plane_row;    // likewise in the planes
  int32_t kernel_rows;  // filter rows

  int32_t bias[kPlaneQuad];        // twice when narrow
  int32_t multiplier[kPlaneQuad];  // Q31
  int32_t offset[kPlaneQuad];      // FastRequantizer::offset
  int32_t right[kPlaneQuad];       // right shift; negative without narrow: shift to the left

  // Channel i; all four of them are `narrow`, or none. The shift is positive to the left.
  void Set(int32_t i, int32_t start, int32_t q31, int32_t shift, int32_t zero_point, bool narrow) {
    multiplier[i] = q31;
    right[i] = -shift;
    bias[i] = start;
    if (narrow) {
      bias[i] = start * 2;
      // half + zero_point * 2^right, as FastRequantizer
      offset[i] = (2 * zero_point + 1) * (1 << (-shift - 1));
    }
  }
};
constexpr int32_t kRowQuadWords = sizeof(RowQuad) / sizeof(uint32_t);

// Where the loops go: six outputs of one channel after the other. Assembly reads it.
struct RowUnit {
  const uint32_t* next_planes;  // of the unit behind this one
  const RowQuad* next_quad;     // 4 bytes further from channel to channel; next_planes at the end
  int8_t* stage;                // of this one
};
constexpr int32_t kRowUnitWords = 3;

// One output row of a group of quads. Planes are [filter row][word][channel]; quad, weights, planes
// and stage of a quad lie `pitch` words behind those of the quad before. Assembly reads the first
// four.
struct RowCall {
  const uint32_t* planes;
  const RowQuad* quad;   // the first; that of the others is not looked at for strides and rows
  uint32_t last_step;    // 1 << (steps - 1), and the highest bit for several filter rows
  const RowUnit* units;  // on the target
  uint32_t* stage;       // results: [position] of four int8, whole blocks
  int32_t quads, pitch;
  int32_t stride, steps, blocks;
};

// Full int8 range; the quads are narrow.
void RunRowBlocks(const RowCall& call);

// The same for quads that are not.
void RunRowBlocksWide(const RowCall& call, int32_t zero_point);

// Geometry of one layer along the row, and the layout of its scratch.
class RowLayer {
 public:
  // `scratch`: ScratchWords words; without it only their count is known. `narrow`: as
  // ChannelScales::narrow.
  RowLayer(const ConvDims& dims, const ConvParams& params, int32_t kernel_h, int32_t kernel_w,
           bool narrow, uint32_t* scratch);

  // Whether the layer is taken: multiplier 1, four channels at least, stride 1 or 2 and dilation 1
  // along the row, some outputs, and a row that fits a few kB of scratch. Nothing else may be asked
  // if not.
  bool taken() const { return words_ > 0; }

  int32_t ScratchWords() const { return words_; }

  // Quads of a group, and quad i of it, to be filled by Set before Run.
  int32_t quads() const { return quads_; }
  RowQuad* quad(int32_t i) const { return reinterpret_cast<RowQuad*>(scratch_ + i * pitch_); }

  // A group of `count` quads, all batches. `input` and `output` are its first channel. `taps` are
  // those of four neighbouring channels, `column` and `row` bytes apart, and `quad` bytes from quad
  // to quad.
  void Run(int32_t count, const int8_t* taps, int32_t column, int32_t row, int32_t quad,
           const int8_t* input, int8_t* output);

 private:
  bool Measure(const ConvDims& dims, const ConvParams& params, int32_t kernel_h, int32_t kernel_w);
  void MakeUnits(int32_t count);
  void PackRows(const int8_t* taps, int32_t column, int32_t row, uint32_t* weights) const;
  void WeaveRow(const int8_t* input, uint32_t* plane) const;
  void WeaveRows(const int8_t* input, int32_t y, int32_t count, int32_t slot) const;
  void RunRow(int8_t* output) const;

  RowCall call_ = {};
  uint32_t* scratch_;
  int32_t quads_ = 0, pitch_ = 0;
  int32_t batches_, taps_, rows_, row_stride_;
  int32_t in_, in_rows_, out_, out_rows_, pad_, row_pad_;
  int32_t pixel_, row_, out_pixel_, out_row_, image_, out_image_;  // bytes
  int32_t pairs_;                       // of positions of an input row that are read
  bool single_;                         // and one behind
  int32_t weight_words_, plane_words_;  // of one row
  int32_t block_words_;                 // from unit to unit
  int32_t planes_;                      // words of a quad before its planes
  int32_t skipped_;                     // words of weights that stride 2 leaves out
  int32_t words_ = 0;
  uint32_t outside_;  // four zero points
  uint32_t negated_;  // two
  OutputRange range_;
  bool narrow_;
};

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_DEPTHWISE_ROWS_H_
