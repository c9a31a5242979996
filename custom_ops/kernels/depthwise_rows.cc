#include "custom_ops/kernels/depthwise_rows.h"

#include <cstring>

#include "custom_ops/kernels/depthwise_rows_weave.h"
#include "custom_ops/kernels/requantize.h"

namespace kws {
namespace {

constexpr int32_t kMaxScratchWords = 2048;  // more, and a layer is left alone
constexpr int32_t kGroupWords = 1024;       // of a group of several quads
constexpr int32_t kLeastOutputs = 4;        // of a channel; fewer are not worth their weights
constexpr int32_t kWord = sizeof(uint32_t);

inline void StoreStage(const uint32_t* stage, int32_t count, int32_t pixel, int8_t* output) {
  const uint32_t* const end = stage + count;
  for (; stage != end; output += pixel) {
    const uint32_t word = *stage++;
    std::memcpy(output, &word, sizeof(word));
  }
}

}  // namespace

RowLayer::RowLayer(const ConvDims& dims, const ConvParams& params, int32_t kernel_h,
                   int32_t kernel_w, bool narrow, uint32_t* scratch)
    : scratch_(scratch),
      batches_(dims.batches),
      outside_((static_cast<uint32_t>(params.input_zero_point) & 0xFFu) * 0x01010101u),
      negated_(PackHalves(-params.input_zero_point, -params.input_zero_point)),
      range_({params.output_zero_point, params.activation_min, params.activation_max}),
      narrow_(narrow) {
  if (!Measure(dims, params, kernel_h, kernel_w) || scratch == nullptr) return;
  RowQuad* const first = quad(0);
  first->first_row = 0;
  first->weight_row = weight_words_ * kWord;
  first->plane_row = plane_words_ * kWord;
  first->kernel_rows = rows_;
  call_.planes = scratch + planes_;
  call_.quad = first;
  call_.stage = scratch + planes_ + rows_ * plane_words_;
  for (int32_t i = 0; i < quads_; ++i) {
    const int32_t bytes = rows_ * plane_words_ * kWord;
    std::memset(scratch + i * pitch_ + planes_, 0, static_cast<size_t>(bytes));
  }
}

// Geometry and layout; sets words_ if the layer is taken.
bool RowLayer::Measure(const ConvDims& dims, const ConvParams& params, int32_t kernel_h,
                       int32_t kernel_w) {
  const int32_t channels = dims.in_channels;
  image_ = dims.in_h * dims.in_w * channels;
  out_image_ = dims.out_h * dims.out_w * channels;
  if (kernel_w == 1) {  // rows of the transposed image
    call_.stride = params.stride_h, row_stride_ = params.stride_w;
    taps_ = kernel_h, rows_ = 1;
    in_ = dims.in_h, in_rows_ = dims.in_w, out_ = dims.out_h, out_rows_ = dims.out_w;
    pad_ = params.pad_top, row_pad_ = params.pad_left;
    pixel_ = dims.in_w * channels, row_ = channels;
    out_pixel_ = dims.out_w * channels, out_row_ = channels;
  } else {
    call_.stride = params.stride_w, row_stride_ = params.stride_h;
    taps_ = kernel_w, rows_ = kernel_h;
    in_ = dims.in_w, in_rows_ = dims.in_h, out_ = dims.out_w, out_rows_ = dims.out_h;
    pad_ = params.pad_left, row_pad_ = params.pad_top;
    pixel_ = channels, row_ = dims.in_w * channels;
    out_pixel_ = channels, out_row_ = dims.out_w * channels;
  }
  if (channels != dims.out_channels || channels < kPlaneQuad || taps_ < 2 ||
      taps_ * rows_ > kMaxRowTaps || call_.stride > 2 || (kernel_h > 1 && params.dilation_h != 1) ||
      (kernel_w > 1 && params.dilation_w != 1)) {
    return false;
  }
  const bool single = call_.stride == 1;
  // Odd sums begin one tap earlier.
  const int32_t steps = single ? taps_ / 2 + 1 : (taps_ + 1) / 2;
  if (steps > kMaxRowSteps) return false;
  // Positions of an input row that are read: half a pair before, pairs, half a pair behind.
  const int32_t needed = (out_ - 1) * call_.stride + taps_ - pad_;
  const int32_t behind = (needed < in_ ? needed : in_) - pad_ % 2;
  pairs_ = behind / 2;
  single_ = behind % 2 != 0;
  const int32_t blocks = (out_ + kRowBlock - 1) / kRowBlock;
  block_words_ = (single ? kRowBlock / 2 : kRowBlock) * kPlaneQuad;
  skipped_ = single ? kPlaneQuad : 0;
  weight_words_ = steps * kPlaneQuad + steps * skipped_;
  plane_words_ = blocks * block_words_ + steps * kPlaneQuad;
  // Rows of weights of filters with several are there twice, but for the last one.
  planes_ = kRowQuadWords + (2 * rows_ - 1) * weight_words_;
  pitch_ = planes_ + rows_ * plane_words_ + blocks * kRowBlock;
  const int32_t whole = pitch_ + blocks * kPlaneQuad * kRowUnitWords;
  if (whole > kMaxScratchWords) return false;
  quads_ = Clamp(kGroupWords / whole, 1, kRowQuads);
  if (quads_ > channels / kPlaneQuad) quads_ = channels / kPlaneQuad;
  words_ = quads_ * whole;
  call_.pitch = pitch_;
  call_.steps = steps;
  call_.blocks = blocks;
  call_.last_step = (1u << (steps - 1)) | (rows_ > 1 ? 1u << 31 : 0);
  return true;
}

// For groups of `count` quads.
void RowLayer::MakeUnits(int32_t count) {
  call_.quads = count;
#if KWS_DSP_NATIVE
  RowUnit* unit = reinterpret_cast<RowUnit*>(scratch_ + quads_ * pitch_);
  call_.units = unit;
  for (int32_t i = 0; i < count * kPlaneQuad; ++i) {
    const int32_t channel = i / kPlaneQuad * pitch_ + i % kPlaneQuad;
    const int32_t next = (i + 1) / kPlaneQuad * pitch_ + (i + 1) % kPlaneQuad;
    int8_t* stage =
        reinterpret_cast<int8_t*>(call_.stage + i / kPlaneQuad * pitch_) + i % kPlaneQuad;
    for (int32_t block = 1; block <= call_.blocks; ++block, ++unit) {
      const int32_t base = block == call_.blocks ? next : channel;
      unit->next_planes = call_.planes + base + (base == next ? 0 : block * block_words_);
      unit->next_quad = reinterpret_cast<const RowQuad*>(scratch_ + base);
      unit->stage = stage;
      stage += kRowBlock * kWord;
    }
  }
  unit[-1].next_planes = call_.planes;
  unit[-1].next_quad = reinterpret_cast<const RowQuad*>(call_.planes);
#endif
}

void RowLayer::PackRows(const int8_t* taps, int32_t column, int32_t row, uint32_t* weights) const {
  uint32_t* out = weights;
  for (int32_t y = rows_; y > 0; --y, taps += row) {
    WeaveTaps(taps, column, taps_, skipped_ * kWord, out, out + weight_words_);
    out += weight_words_;
  }
  if (!narrow_) {
    for (uint32_t* word = weights; word != out; ++word) {
      *word = PackHalves(LowHalf(*word) >> 1, HighHalf(*word) >> 1);
    }
  }
  const uint32_t* const last = out - weight_words_;
  for (const uint32_t* from = weights; from != last; ++from) *out++ = *from;
}

// One input row of the group's quads, whose planes begin at `plane`.
void RowLayer::WeaveRow(const int8_t* input, uint32_t* plane) const {
  const uint32_t negated = negated_;
  const int32_t pixel = pixel_;
  const int32_t pitch = pitch_;
  const int32_t pairs = pairs_;
  const int8_t* first = input;  // of the pairs
  plane += pad_ / 2 * kPlaneQuad;
  if (pad_ % 2 != 0) {
    uint32_t* word = plane;
    for (int32_t left = call_.quads; left > 0; --left, input += kPlaneQuad, word += pitch) {
      Weave(Extend(negated, outside_), Extend(negated, LoadWord(input)), word);
    }
    first += pixel;
    plane += kPlaneQuad;
  }
  if (single_) {
    const int8_t* last = first + 2 * pairs * pixel;
    uint32_t* word = plane + pairs * kPlaneQuad;
    for (int32_t left = call_.quads; left > 0; --left, last += kPlaneQuad, word += pitch) {
      Weave(Extend(negated, LoadWord(last)), Extend(negated, outside_), word);
    }
  }
  if (pairs == 0) return;
  for (int32_t left = call_.quads; left > 0; --left, first += kPlaneQuad, plane += pitch) {
    WeavePairs(first, pixel, negated, pairs, plane);
  }
}

// Input rows [y, y + count), which may lie outside, into slots from `slot` on, around.
void RowLayer::WeaveRows(const int8_t* input, int32_t y, int32_t count, int32_t slot) const {
  for (; count > 0; --count, ++y) {
    uint32_t* plane = scratch_ + planes_ + slot * plane_words_;
    if (y >= 0 && y < in_rows_) {
      WeaveRow(input + y * row_, plane);
    } else {
      for (int32_t left = call_.quads; left > 0; --left, plane += pitch_) {
        std::memset(plane, 0, static_cast<size_t>(plane_words_ * kWord));
      }
    }
    if (++slot == rows_) slot = 0;
  }
}

// An output row from the planes.
void RowLayer::RunRow(int8_t* output) const {
  if (narrow_) {
    RunRowBlocks(call_);
  } else {
    RunRowBlocksWide(call_, range_.zero_point);
  }
  uint32_t* stage = call_.stage;
  const int32_t pitch = pitch_;
  const int32_t count = out_;
  const int32_t pixel = out_pixel_;
  for (int32_t left = call_.quads; left > 0; --left, output += kPlaneQuad, stage += pitch) {
    if (!range_.full()) ClampStage(range_, count, stage);
    StoreStage(stage, count, pixel, output);
  }
}

void RowLayer::Run(int32_t count, const int8_t* taps, int32_t column, int32_t row, int32_t quad,
                   const int8_t* input, int8_t* output) {
  if (count != call_.quads) MakeUnits(count);
  uint32_t* weights = scratch_ + kRowQuadWords;
  const int32_t pitch = pitch_;
  if (rows_ == 1 && narrow_) {
    const int32_t words = weight_words_, skipped = skipped_ * kWord, n = taps_;
    for (int32_t left = count; left > 0; --left, taps += quad, weights += pitch) {
      WeaveTaps(taps, column, n, skipped, weights, weights + words);
    }
  } else {
    for (int32_t left = count; left > 0; --left, taps += quad, weights += pitch) {
      PackRows(taps, column, row, weights);
    }
  }
  for (int32_t n = 0; n < batches_; ++n, input += image_, output += out_image_) {
    int32_t top = -row_pad_;  // first input row of the output row
    int32_t slot = 0;         // its place in the planes
    int32_t kept = 0;         // rows from there that are woven already
    for (int32_t y = 0; y < out_rows_; ++y, top += row_stride_) {
      const int32_t next = slot + kept < rows_ ? slot + kept : slot + kept - rows_;
      WeaveRows(input, top + kept, rows_ - kept, next);
      // The taps of the row in slot 0 come first.
      this->quad(0)->first_row = slot == 0 ? 0 : (rows_ - slot) * weight_words_ * kWord;
      RunRow(output + y * out_row_);
      kept = row_stride_ < rows_ ? rows_ - row_stride_ : 0;
      slot = kept == 0 ? 0 : slot + row_stride_;
      if (slot >= rows_) slot -= rows_;
    }
  }
}

}  // namespace kws
