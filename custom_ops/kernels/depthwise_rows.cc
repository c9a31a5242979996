#include "custom_ops/kernels/depthwise_rows.h"

#include <cstring>

#include "custom_ops/kernels/dsp_bytes.h"
#include "custom_ops/kernels/requantize.h"

namespace kws {
namespace {

constexpr int32_t kMaxScratchWords = 2048;
constexpr int32_t kWord = sizeof(uint32_t);

// One position of four channels: two int16 of channels 0 and 2, and of 1 and 3.
struct Halves {
  uint32_t even, odd;
};

inline Halves Extend(uint32_t negated, uint32_t bytes) {
  return {AddEvenBytes(negated, bytes), AddOddBytes(negated, bytes)};
}

// Four taps, and once more those of `again`.
inline Halves ExtendTaps(uint32_t bytes, uint32_t again) {
  return {AddEvenBytes(ExtendEvenBytes(bytes), again), AddOddBytes(ExtendOddBytes(bytes), again)};
}

// Two neighbouring positions as one word a channel.
inline void Weave(const Halves& first, const Halves& second, uint32_t* words) {
  words[0] = PackLowHalves(first.even, second.even);
  words[1] = PackLowHalves(first.odd, second.odd);
  words[2] = PackHighHalves(first.even, second.even);
  words[3] = PackHighHalves(first.odd, second.odd);
}

void StoreStage(const uint32_t* stage, int32_t count, int32_t pixel, int8_t* output) {
  const uint32_t* const end = stage + count;
  for (; stage != end; output += pixel) {
    const uint32_t word = *stage++;
    std::memcpy(output, &word, sizeof(word));
  }
}

}  // namespace

bool RowLayer::Takes(const ConvDims& dims, const ConvParams& params, int32_t kernel_h,
                     int32_t kernel_w) {
  const bool column = kernel_w == 1;
  const int32_t taps = column ? kernel_h : kernel_w;
  if (dims.in_channels != dims.out_channels || dims.out_channels < kPlaneQuad || taps < 2 ||
      taps > 2 * kMaxRowSteps || kernel_h * kernel_w > kMaxRowTaps ||
      (column ? params.stride_h : params.stride_w) > 2 ||
      (kernel_h > 1 && params.dilation_h != 1) || (kernel_w > 1 && params.dilation_w != 1)) {
    return false;
  }
  const RowLayer layer(dims, params, kernel_h, kernel_w, nullptr);
  return layer.call_.steps <= kMaxRowSteps && layer.words_ <= kMaxScratchWords;
}

RowLayer::RowLayer(const ConvDims& dims, const ConvParams& params, int32_t kernel_h,
                   int32_t kernel_w, uint32_t* scratch)
    : column_(kernel_w == 1), batches_(dims.batches) {
  const int32_t channels = dims.in_channels;
  image_ = dims.in_h * dims.in_w * channels;
  out_image_ = dims.out_h * dims.out_w * channels;
  int32_t in, rows;
  if (column_) {
    call_.stride = params.stride_h, row_stride_ = params.stride_w;
    taps_ = kernel_h, rows = 1;
    in = dims.in_h, in_rows_ = dims.in_w, out_ = dims.out_h, out_rows_ = dims.out_w;
    pad_ = params.pad_top, row_pad_ = params.pad_left;
    pixel_ = dims.in_w * channels, row_ = channels;
    out_pixel_ = dims.out_w * channels, out_row_ = channels;
  } else {
    call_.stride = params.stride_w, row_stride_ = params.stride_h;
    taps_ = kernel_w, rows = kernel_h;
    in = dims.in_w, in_rows_ = dims.in_h, out_ = dims.out_w, out_rows_ = dims.out_h;
    pad_ = params.pad_left, row_pad_ = params.pad_top;
    pixel_ = channels, row_ = dims.in_w * channels;
    out_pixel_ = channels, out_row_ = dims.out_w * channels;
  }
  const bool single = call_.stride == 1;
  const int32_t needed = (out_ - 1) * call_.stride + taps_ - pad_;
  used_ = needed < in ? needed : in;
  outside_ = (static_cast<uint32_t>(params.input_zero_point) & 0xFFu) * 0x01010101u;
  negated_ = PackHalves(-params.input_zero_point, -params.input_zero_point);

  // Odd sums begin one tap earlier.
  const int32_t steps = single ? taps_ / 2 + 1 : (taps_ + 1) / 2;
  const int32_t block = single ? kRowBlock1 : kRowBlock2;
  const int32_t blocks = (out_ + block - 1) / block;
  const int32_t block_words = (single ? kRowBlock1 / 2 : kRowBlock2) * kPlaneQuad;
  weight_words_ = steps * (single ? 2 : 1) * kPlaneQuad;
  plane_words_ = blocks * block_words + steps * kPlaneQuad;
  const int32_t plane_end = blocks * block_words;
  // Rows of weights of filters with several are there twice, but for the last one.
  const int32_t planes = kRowQuadWords + (2 * rows - 1) * weight_words_;
  const int32_t stage = planes + rows * plane_words_;
  words_ = stage + blocks * block;
  call_.last_step = (1u << (steps - 1)) | (rows > 1 ? 1u << 31 : 0);
  call_.planes_back = plane_end * kWord - kWord;
  call_.stage_back = blocks * block * kWord - 1;
  call_.first_row = 0;
  call_.weight_row = weight_words_ * kWord;
  call_.plane_row = plane_words_ * kWord;
  call_.kernel_rows = rows;
  call_.steps = steps;
  if (scratch == nullptr) return;
  quad_ = reinterpret_cast<RowQuad*>(scratch);
  weights_ = scratch + kRowQuadWords;
  planes_ = scratch + planes;
  call_.planes = planes_;
  call_.quad = quad_;
  call_.planes_end = planes_ + plane_end;
  call_.stage = scratch + stage;
  call_.quad_end = reinterpret_cast<const RowQuad*>(scratch + kPlaneQuad);
}

void RowLayer::Clear() const {
  for (uint32_t* word = planes_; word != call_.stage; ++word) *word = 0;
}

void RowLayer::PackScale(int32_t bias, const PlaneScale& scale, bool narrow, int32_t i) const {
  quad_->multiplier[i] = scale.multiplier;
  quad_->right[i] = -scale.shift;
  quad_->bias[i] = bias;
  if (narrow) {
    quad_->bias[i] = bias * 2;
    quad_->offset[i] =
        FastRequantizer(scale.multiplier, -scale.shift, scale.output_zero_point).offset;
  }
}

void RowLayer::PackTaps(const int8_t* taps, int32_t column, int32_t row, bool narrow) const {
  const uint32_t doubled = narrow ? ~0u : 0;
  const int32_t skipped = call_.stride == 1 ? kPlaneQuad : 0;
  const int32_t count = taps_;
  uint32_t* out = weights_;
  for (int32_t y = call_.kernel_rows; y > 0; --y, taps += row) {
    uint32_t* const end = out + weight_words_;
    const int8_t* tap = taps;
    Halves before = {0, 0};
    for (int32_t left = count; out != end; left -= 2) {
      const uint32_t first = left > 0 ? LoadWord(tap) : 0;
      const uint32_t second = left > 1 ? LoadWord(tap + column) : 0;
      tap += 2 * column;
      const Halves even = ExtendTaps(first, first & doubled);
      const Halves odd = ExtendTaps(second, second & doubled);
      Weave(before, even, out);
      out += skipped;
      Weave(even, odd, out);
      out += kPlaneQuad;
      before = odd;
    }
  }
  const uint32_t* const end = out;
  for (const uint32_t* from = weights_; from + weight_words_ != end; ++from) *out++ = *from;
}

void RowLayer::WeaveRow(const int8_t* input, uint32_t* plane) const {
  const uint32_t negated = negated_;
  const int32_t pixel = pixel_;
  int32_t left = used_;
  plane += pad_ / 2 * kPlaneQuad;
  if (pad_ % 2 != 0) {
    Weave(Extend(negated, outside_), Extend(negated, LoadWord(input)), plane);
    input += pixel;
    plane += kPlaneQuad;
    --left;
  }
  for (; left > 1; left -= 2) {
    Weave(Extend(negated, LoadWord(input)), Extend(negated, LoadWord(input + pixel)), plane);
    input += 2 * pixel;
    plane += kPlaneQuad;
  }
  if (left != 0) Weave(Extend(negated, LoadWord(input)), Extend(negated, outside_), plane);
}

// Rows [first, end), counted from the first one of padding, into their slots.
void RowLayer::WeaveRows(const int8_t* input, int32_t first, int32_t end) const {
  const int32_t rows = call_.kernel_rows;
  for (int32_t row = first; row < end; ++row) {
    const int32_t slot = rows == 1 ? 0 : row % rows;
    uint32_t* const plane = planes_ + slot * plane_words_;
    const int32_t y = row - row_pad_;
    if (y >= 0 && y < in_rows_) {
      WeaveRow(input + y * row_, plane);
    } else {
      std::memset(plane, 0, static_cast<size_t>(call_.plane_row));
    }
  }
}

void RowLayer::Run(const OutputRange& range, bool narrow, const int8_t* input, int8_t* output) {
  const int32_t rows = call_.kernel_rows;
  for (int32_t n = 0; n < batches_; ++n, input += image_, output += out_image_) {
    int32_t woven = 0;
    for (int32_t y = 0; y < out_rows_; ++y) {
      const int32_t top = y * row_stride_;
      WeaveRows(input, woven > top ? woven : top, top + rows);
      woven = top + rows;
      // Rows lie in slot row % kernel_rows: the taps of the row in slot 0 come first.
      if (rows > 1) call_.first_row = (rows - top % rows) % rows * call_.weight_row;
      if (narrow) {
        RunRowBlocks(call_);
      } else {
        RunRowBlocksWide(call_, range.zero_point);
      }
      ClampStage(range, out_, call_.stage);
      StoreStage(call_.stage, out_, out_pixel_, output + y * out_row_);
    }
  }
}

}  // namespace kws
