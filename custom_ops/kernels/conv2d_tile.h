// Conv2dM7's view of the input: the receptive fields of some output positions as int16, zero point
// subtracted, zero where the convolution pads.
#ifndef CUSTOM_OPS_KERNELS_CONV2D_TILE_H_
#define CUSTOM_OPS_KERNELS_CONV2D_TILE_H_

#include <cstdint>

#include "custom_ops/kernels/conv2d.h"
#include "custom_ops/kernels/dsp_bytes.h"

namespace kws {

constexpr int32_t kPositions = 4;  // of a group
constexpr int32_t kMaxGroups = 8;
// Groups are added until the expanded input takes this much: more of them share one expansion of
// the weights, fewer leave room in the arena.
constexpr int32_t kTileBytes = 2048;

struct TileShape {
  int32_t terms;   // products of one sum
  int32_t pairs;   // words of two int16 that hold them, a multiple of 2
  int32_t groups;  // of four positions

  TileShape(const ConvDims& dims, const FilterDims& filter)
      : terms(filter.h * filter.w * dims.in_channels), pairs((terms + 3) / 4 * 2) {
    groups = kTileBytes / group_bytes();
    if (groups < 1) groups = 1;
    if (groups > kMaxGroups) groups = kMaxGroups;
    const int32_t needed = (dims.out_h * dims.out_w + kPositions - 1) / kPositions;
    if (groups > needed) groups = needed;
  }

  int32_t group_words() const { return pairs * kPositions; }
  int32_t group_bytes() const { return group_words() * static_cast<int32_t>(sizeof(uint32_t)); }
};

// Fills one position of a group: words [pairs][kPositions].
class PositionFiller {
 public:
  PositionFiller(uint32_t* group, int32_t position, int32_t zero_point)
      : words_(group + position), zero_point_(zero_point), k_(0) {
    negated_ = PackHalves(-zero_point, -zero_point);
  }

  void Copy(const int8_t* source, int32_t n) {
    for (; n > 0 && k_ % 4 != 0; --n) Put(*source++ - zero_point_);
    uint32_t* word = words_ + k_ / 2 * kPositions;
    for (; n >= 4; n -= 4, k_ += 4, source += 4, word += 2 * kPositions) {
      const uint32_t bytes = LoadWord(source);
      word[0] = AddEvenBytes(negated_, bytes);
      word[kPositions] = AddOddBytes(negated_, bytes);
    }
    for (; n > 0; --n) Put(*source++ - zero_point_);
  }

  void Zero(int32_t n) {
    for (; n > 0 && k_ % 4 != 0; --n) Put(0);
    uint32_t* word = words_ + k_ / 2 * kPositions;
    for (; n >= 4; n -= 4, k_ += 4, word += 2 * kPositions) word[0] = word[kPositions] = 0;
    for (; n > 0; --n) Put(0);
  }

 private:
  void Put(int32_t value) {
    int16_t* halves = reinterpret_cast<int16_t*>(words_ + (k_ / 4 * 2 + (k_ & 1)) * kPositions);
    halves[(k_ >> 1) & 1] = static_cast<int16_t>(value);
    ++k_;
  }

  uint32_t* words_;
  int32_t zero_point_, k_;
  uint32_t negated_;
};

// The receptive field of output position (y, x).
inline void FillPosition(const ConvDims& dims, const FilterDims& filter, const ConvParams& params,
                         const TileShape& shape, const int8_t* input, int32_t y, int32_t x,
                         PositionFiller filler) {
  const int32_t channels = dims.in_channels;
  const int32_t origin_y = y * params.stride_h - params.pad_top;
  const int32_t origin_x = x * params.stride_w - params.pad_left;
  for (int32_t ky = 0; ky < filter.h; ++ky) {
    const int32_t in_y = origin_y + ky * params.dilation_h;
    if (in_y < 0 || in_y >= dims.in_h) {
      filler.Zero(filter.w * channels);
      continue;
    }
    const int8_t* row = input + in_y * dims.in_w * channels;
    if (params.dilation_w == 1) {
      const int32_t before = Clamp(-origin_x, 0, filter.w);
      const int32_t end = Clamp(dims.in_w - origin_x, before, filter.w);
      filler.Zero(before * channels);
      filler.Copy(row + (origin_x + before) * channels, (end - before) * channels);
      filler.Zero((filter.w - end) * channels);
      continue;
    }
    for (int32_t kx = 0; kx < filter.w; ++kx) {
      const int32_t in_x = origin_x + kx * params.dilation_w;
      if (in_x < 0 || in_x >= dims.in_w) {
        filler.Zero(channels);
      } else {
        filler.Copy(row + in_x * channels, channels);
      }
    }
  }
  filler.Zero(shape.pairs * 2 - shape.terms);
}

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_CONV2D_TILE_H_
