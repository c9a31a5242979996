#include "custom_ops/kernels/conv2d_tile.h"
#include "custom_ops/kernels/dsp_bytes.h"

namespace kws {
namespace {

// Fills one position of a group: words [pairs][kPositions]. Four values make two words, in the
// order in which SXTB16 splits four bytes: (0, 2) and (1, 3).
class PositionFiller {
 public:
  PositionFiller(uint32_t* words, int32_t zero_point)
      : words_(words),
        zero_points_(static_cast<uint8_t>(zero_point) * 0x01010101u),
        negated_(PackHalves(-zero_point, -zero_point)) {}

  // The next `n` values.
  void Copy(const int8_t* source, int32_t n) {
    if (bits_ == 0) {
      for (; n >= 4; n -= 4, source += 4) Put(LoadWord(source));
    }
    for (; n > 0; n -= 4, source += 4) Append(LoadBytes(source, n), n < 4 ? n : 4);
  }

  // The next rows * n values, `step` bytes from row to row; only while a multiple of 4 are there,
  // and n is one.
  void CopyRows(const int8_t* source, int32_t rows, int32_t n, int32_t step) {
    for (; rows > 0; --rows, source += step) {
      const int8_t* from = source;
      int32_t left = n;
      for (; left >= 16; left -= 16, from += 16) {
        Put(LoadWord(from));
        Put(LoadWord(from + 4));
        Put(LoadWord(from + 8));
        Put(LoadWord(from + 12));
      }
      for (; left > 0; left -= 4, from += 4) Put(LoadWord(from));
    }
  }

  // The next rows * 4 values, `step` bytes from row to row: of each four, `n` from the source, the
  // `before` before them and those behind are 0. As CopyRows else.
  void CopyWords(const int8_t* source, int32_t rows, int32_t step, int32_t before, int32_t n) {
    if (n == 4) {
      for (; rows > 0; --rows, source += step) Put(LoadWord(source));
      return;
    }
    if (n == 0) return Zero(4 * rows);
    const uint32_t used = (0xFFFFFFFFu >> (32 - 8 * n)) << 8 * before;
    const uint32_t padding = zero_points_ & ~used;
    for (; rows > 0; --rows, source += step) Put(LoadBytes(source, n) << 8 * before | padding);
  }

  // The next `n` values are 0.
  [[gnu::noinline]] void Zero(int32_t n) {
    for (; n >= 4; n -= 4) Append(zero_points_, 4);
    if (n > 0) Append(zero_points_ >> (32 - 8 * n), n);
  }

 private:
  void Put(uint32_t bytes) {
    words_[0] = AddEvenBytes(negated_, bytes);
    words_[kPositions] = AddOddBytes(negated_, bytes);
    words_ += 2 * kPositions;
  }

  // The low `n` (1 to 4) bytes of a word whose others are 0.
  void Append(uint32_t bytes, int32_t n) {
    const uint32_t word = pending_ | bytes << bits_;
    const int32_t bits = bits_ + 8 * n;
    if (bits < 32) {
      pending_ = word;
      bits_ = bits;
      return;
    }
    Put(word);
    pending_ = bytes >> (31 - bits_) >> 1;
    bits_ = bits - 32;
  }

  uint32_t* words_;
  uint32_t zero_points_, negated_;
  uint32_t pending_ = 0;  // bytes that do not make a word yet
  int32_t bits_ = 0;
};

// Filter taps [begin, end) along one axis that meet the input.
struct TapRange {
  int32_t begin, end;

  TapRange(int32_t origin, int32_t taps, int32_t dilation, int32_t size) {
    begin = Clamp(Quotient(-origin, dilation), 0, taps);
    end = Clamp(Quotient(size - origin, dilation), begin, taps);
  }

  // Rounded up; without a division in the usual case.
  static int32_t Quotient(int32_t n, int32_t dilation) {
    return dilation == 1 || n <= 0 ? n : (n + dilation - 1) / dilation;
  }
};

[[gnu::noinline]] void FillPosition(const TileInput& layer, const TileCursor& at,
                                    PositionFiller filler) {
  const ConvDims& dims = layer.dims;
  const ConvParams& params = layer.params;
  const int32_t channels = dims.in_channels;
  const int32_t origin_y = at.y * params.stride_h - params.pad_top;
  const int32_t origin_x = at.x * params.stride_w - params.pad_left;
  const TapRange rows(origin_y, layer.filter_dims.h, params.dilation_h, dims.in_h);
  const TapRange taps(origin_x, layer.filter_dims.w, params.dilation_w, dims.in_w);
  const int32_t row_bytes = layer.filter_dims.w * channels;
  const int32_t row_step = params.dilation_h * dims.in_w * channels;
  const int32_t tap_step = params.dilation_w * channels;
  const int32_t before = taps.begin * channels;
  const int32_t after = row_bytes - taps.end * channels;
  // An undilated row is copied whole, others tap by tap.
  const int32_t copies = params.dilation_w == 1 ? 1 : taps.end - taps.begin;
  const int32_t n = params.dilation_w == 1 ? row_bytes - before - after : channels;
  const int8_t* source = at.input + (origin_y * dims.in_w + origin_x) * channels +
                         rows.begin * row_step + taps.begin * tap_step;
  const bool whole = params.dilation_w == 1 && n == row_bytes;
  filler.Zero(rows.begin * row_bytes);
  if (row_bytes == 4 && params.dilation_w == 1) {
    filler.CopyWords(source, rows.end - rows.begin, row_step, before, n);
  } else if (whole && n % 4 == 0) {
    filler.CopyRows(source, rows.end - rows.begin, n, row_step);
  } else {
    for (int32_t ky = rows.begin; ky < rows.end; ++ky, source += row_step) {
      filler.Zero(before);
      for (int32_t i = 0; i < copies; ++i) filler.Copy(source + i * tap_step, n);
      filler.Zero(after);
    }
  }
  filler.Zero((layer.filter_dims.h - rows.end) * row_bytes + 2 * layer.shape.pairs -
              layer.shape.terms);
}

}  // namespace

TileShape::TileShape(const ConvDims& dims, const FilterDims& filter)
    : terms(filter.h * filter.w * dims.in_channels), pairs((terms + 7) / 8 * kPairStep) {
  // More groups share one expansion of the weights, fewer leave room in the arena: as many as
  // kTileBytes hold; kUsefulGroups where input, output and scratch stay small, as such a layer
  // does not size the arena.
  constexpr int32_t kTileBytes = 2048;
  constexpr int64_t kLayerBytes = 12288;
  constexpr int32_t kUsefulGroups = 4;
  const int32_t group_bytes = group_words() * static_cast<int32_t>(sizeof(uint32_t));
  const int64_t in = int64_t{dims.in_h} * dims.in_w * dims.in_channels;
  const int64_t out = int64_t{dims.out_h} * dims.out_w * dims.out_channels;
  const int64_t room = kLayerBytes - dims.batches * (in + out) - int64_t{weight_words()} * 4;
  const int64_t fitting = room < group_bytes ? 1 : room / group_bytes;
  const int32_t needed = (dims.out_h * dims.out_w + kPositions - 1) / kPositions;
  groups = Clamp(kTileBytes / group_bytes, 1, kMaxGroups);
  if (groups < kUsefulGroups && groups < fitting) {
    groups = fitting < kUsefulGroups ? static_cast<int32_t>(fitting) : kUsefulGroups;
  }
  if (groups > needed) groups = needed;
}

void FillTile(const TileInput& layer, int32_t count, TileCursor* at, uint32_t* columns) {
  const ConvDims& dims = layer.dims;
  const ConvParams& params = layer.params;
  // Without padding a 1x1 filter meets the input everywhere.
  const bool pointwise = layer.filter_dims.h == 1 && layer.filter_dims.w == 1 &&
                         params.pad_top == 0 && params.pad_left == 0 && layer.shape.terms % 4 == 0;
  for (int32_t i = 0; i < count; ++i) {
    PositionFiller filler(columns + i % kPositions, params.input_zero_point);
    if (pointwise) {
      const int32_t pixel = at->y * params.stride_h * dims.in_w + at->x * params.stride_w;
      filler.CopyRows(at->input + pixel * dims.in_channels, 1, layer.shape.terms, 0);
      filler.Zero(2 * layer.shape.pairs - layer.shape.terms);
    } else {
      FillPosition(layer, *at, filler);
    }
    if (i % kPositions == kPositions - 1) columns += layer.shape.group_words();
    if (++at->x == dims.out_w) {
      at->x = 0;
      ++at->y;
    }
  }
}

}  // namespace kws
