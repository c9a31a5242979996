#include <cstring>

#include "custom_ops/kernels/activation_tile.h"
#include "custom_ops/kernels/sparse_conv2d_expand.h"

namespace kws {
namespace {

// Whether a receptive field is consecutive bytes of the input, all columns.
bool IsDirect(const BlockSparseConv& w) {
  return w.kernel_h * w.kernel_w == 1 && w.in_channels == TileColumns(w);
}

// Whether a kernel row is four consecutive bytes of the input and one quad of columns.
bool IsRowOfFour(const BlockSparseConv& w, const ConvDims& dims, const ConvParams& params) {
  return w.kernel_w * w.in_channels == 4 && w.tap_pitch == w.in_channels &&
         TileColumns(w) == w.kernel_h * 4 && params.dilation_w == 1 &&
         dims.in_w * w.in_channels >= 4;
}

// memcpy for a few bytes.
inline void CopyBytes(const int8_t* from, int32_t n, int8_t* to) {
#pragma GCC unroll 1
  for (; n >= 4; n -= 4, from += 4, to += 4) {
    const uint32_t word = LoadWord(from);
    std::memcpy(to, &word, sizeof(word));
  }
  if (n > 1) {
    const uint16_t half = static_cast<uint16_t>(LoadHalf(from));
    std::memcpy(to, &half, sizeof(half));
    from += 2;
    to += 2;
  }
  if (n > 0 && (n & 1) != 0) *to = *from;
}

int32_t FieldBytes(const BlockSparseConv& w) { return (TileColumns(w) + 3) / 4 * 4; }

}  // namespace

size_t TileFiller::ScratchBytes(const BlockSparseConv& w) {
  return IsDirect(w) ? 0 : static_cast<size_t>(FieldBytes(w)) * 2;
}

TileFiller::TileFiller(const BlockSparseConv& w, const ConvDims& dims, const ConvParams& params,
                       bool narrow, void* scratch)
    : w_(w),
      dims_(dims),
      params_(params),
      narrow_(narrow),
      direct_(IsDirect(w)),
      memory_(static_cast<int8_t*>(scratch)) {
  // Columns between taps and behind the last stay as they are now.
  std::memset(memory_, params.input_zero_point, ScratchBytes(w));
}

void TileFiller::Gather(const int8_t* input, int32_t y, int32_t x, int8_t* to) const {
  // Copies: stores to `to` might change what the references refer to, for all the compiler knows.
  const int32_t channels = dims_.in_channels, in_h = dims_.in_h, in_w = dims_.in_w;
  const int32_t dilation_h = params_.dilation_h, dilation_w = params_.dilation_w;
  const int32_t kernel_h = w_.kernel_h, kernel_w = w_.kernel_w, pitch = w_.tap_pitch;
  const bool clipped = y < 0 || x < 0 || y + (kernel_h - 1) * dilation_h >= in_h ||
                       x + (kernel_w - 1) * dilation_w >= in_w;
  if (clipped) std::memset(to, params_.input_zero_point, static_cast<size_t>(FieldBytes(w_)));
  // Taps of a kernel row that are consecutive in the input and in the columns are copied at once.
  const int32_t taps = dilation_w == 1 && pitch == channels ? kernel_w : 1;
  for (int32_t kx = 0; kx < kernel_w; kx += taps) {
    const int32_t from = x + kx * dilation_w;
    const int32_t begin = from < 0 ? 0 : from;
    const int32_t end = from + taps > in_w ? in_w : from + taps;
    int32_t source = (y * in_w + begin) * channels;
    int32_t target = kx * pitch + (begin - from) * channels;
    int32_t in_y = y;
    for (int32_t ky = 0; ky < kernel_h; ++ky) {
      if (end > begin && in_y >= 0 && in_y < in_h) {
        CopyBytes(input + source, (end - begin) * channels, to + target);
      }
      in_y += dilation_h;
      source += dilation_h * in_w * channels;
      target += kernel_w * pitch;
    }
  }
}

void TileFiller::Expand(const int8_t* source, const int8_t* second, int32_t lane,
                        uint32_t* tile) const {
  const TileLayout layout = TileLayoutOf(w_);
  const int32_t zero_point = params_.input_zero_point;
  const int32_t columns = TileColumns(w_);
  const Expander expand = {PackHalves(-zero_point, -zero_point)};
  int32_t k = 0;
  if (narrow_) {
    switch (layout) {
      case TileLayout::kQuad:
        k = ExpandQuads(expand, source, columns, tile + lane);
        break;
      case TileLayout::kPair:
        k = ExpandPairs(expand, source, columns, tile + lane);
        break;
      case TileLayout::kSingle:
        k = ExpandSingles(expand, source, second, columns, tile + lane / 2);
        break;
    }
  }
  int16_t* halves = reinterpret_cast<int16_t*>(tile);
  const int32_t scale = TileScale(narrow_);
  for (; k < columns; ++k) {
    halves[TileOffset(layout, k, lane)] = static_cast<int16_t>((source[k] - zero_point) * scale);
    if (layout != TileLayout::kSingle) continue;
    halves[TileOffset(layout, k, lane + 1)] =
        static_cast<int16_t>((second[k] - zero_point) * scale);
  }
}

// The usual 1x1 convolution.
void TileFiller::FillDirect(const int8_t* input, int32_t first, int32_t count,
                            uint32_t* tile) const {
  const int32_t zero_point = params_.input_zero_point;
  const Expander expand = {PackHalves(-zero_point, -zero_point)};
  const int32_t columns = TileColumns(w_);
  const int32_t step = params_.stride_w * columns;
  const int32_t row_step = params_.stride_h * dims_.in_w * columns;
  const int32_t out_w = dims_.out_w;
  const bool quads = TileLayoutOf(w_) == TileLayout::kQuad;
  int32_t x = first % out_w;
  const int8_t* row = input + first / out_w * row_step;
  for (int32_t lane = 0; lane < count; ++lane) {
    const int8_t* source = row + x * step;
    const int32_t done = quads ? ExpandQuads(expand, source, columns, tile + lane)
                               : ExpandPairs(expand, source, columns, tile + lane);
    // Pairs may leave two columns.
    if (done < columns) {
      tile[done / 2 * kTile + lane] =
          PackHalves(2 * (source[done] - zero_point), 2 * (source[done + 1] - zero_point));
    }
    if (++x == out_w) {
      x = 0;
      row += row_step;
    }
  }
}

// The usual first convolution: each kernel row is one word, moved and filled up where it is
// clipped.
void TileFiller::ExpandRowsOfFour(const int8_t* input, int32_t y, int32_t x, int32_t lane,
                                  uint32_t* tile) const {
  const int32_t zero_point = params_.input_zero_point;
  const Expander expand = {PackHalves(-zero_point, -zero_point)};
  const int32_t pitch = dims_.in_w * dims_.in_channels;
  const int32_t begin = x * dims_.in_channels;
  const int32_t last = pitch - 4;
  const int32_t from = begin < 0 ? 0 : (begin > last ? last : begin);
  // The word at `from` moves by `down` or `up` bytes, four at most, and `zeros` fill the gap.
  const uint32_t zeros = 0x01010101u * static_cast<uint8_t>(zero_point);
  const int32_t down = begin > from ? (begin - from < 4 ? begin - from : 4) * 8 : 0;
  const int32_t up = from > begin ? (from - begin < 4 ? from - begin : 4) * 8 : 0;
  const uint32_t keep = static_cast<uint32_t>((uint64_t{0xFFFFFFFFu} >> down) << up);
  const uint32_t fill = zeros & ~keep;
  const uint32_t negated = expand.negated_zero_points;
  const int32_t source_step = params_.dilation_h * pitch, end = dims_.in_h * pitch;
  int32_t source = y * pitch;
  uint32_t* word = tile + lane;
#pragma GCC unroll 1
  for (int32_t ky = w_.kernel_h; ky != 0; --ky, source += source_step, word += 2 * kTile) {
    uint32_t bytes = zeros;
    if (source >= 0 && source < end) {
      bytes = ((LoadWord(input + source + from) >> (down & 31) << (up & 31)) & keep) | fill;
    }
    word[0] = Expander{negated}.Even(bytes);
    word[kTile] = Expander{negated}.Odd(bytes);
  }
}

void TileFiller::Fill(const int8_t* input, int32_t first, int32_t count, uint32_t* tile) const {
  const bool quads = narrow_ && TileLayoutOf(w_) == TileLayout::kQuad;
  if (direct_ && narrow_ && TileLayoutOf(w_) != TileLayout::kSingle) {
    FillDirect(input, first, count, tile);
    return;
  }
  const bool rows_of_four = quads && IsRowOfFour(w_, dims_, params_);
  const int32_t lanes = TileLayoutOf(w_) == TileLayout::kSingle ? 2 : 1;
  const int32_t end_x = dims_.out_w * params_.stride_w - params_.pad_left;
  int32_t y = first / dims_.out_w * params_.stride_h - params_.pad_top;
  int32_t x = first % dims_.out_w * params_.stride_w - params_.pad_left;
  for (int32_t lane = 0; lane < count; lane += lanes) {
    const int8_t* fields[2] = {memory_, memory_};
    for (int32_t i = 0; i < lanes && lane + i < count; ++i) {
      if (direct_) {
        fields[i] = input + (y * dims_.in_w + x) * dims_.in_channels;
      } else if (rows_of_four) {
        ExpandRowsOfFour(input, y, x, lane, tile);
      } else {
        fields[i] = memory_ + i * FieldBytes(w_);
        Gather(input, y, x, memory_ + i * FieldBytes(w_));
      }
      x += params_.stride_w;
      if (x == end_x) {
        x = -params_.pad_left;
        y += params_.stride_h;
      }
    }
    if (rows_of_four) continue;
    if (lane + 1 == count) fields[1] = fields[0];
    Expand(fields[0], fields[1], lane, tile);
  }
}

}  // namespace kws
