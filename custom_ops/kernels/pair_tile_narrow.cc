// Layers of few channels, a first layer above all: a kernel row is one word of the input, and what
// of it lies beside the input is masked instead of branched around.
#include "custom_ops/kernels/pair_tile_bytes.h"

namespace kws {
namespace {

// A kernel row of one output position: the word at `start` of an input row, moved by whole bytes,
// with the zero point in the bytes beside the input.
struct NarrowRow {
  int32_t start;
  int32_t left, right;  // bits to move
  uint32_t mask;        // of the bytes inside
  uint32_t padding;     // of the others

  NarrowRow(int32_t begin, int32_t row_bytes, uint32_t zero_points) : left(0), right(0), mask(0) {
    start = begin < 0 ? 0 : (begin > row_bytes - 4 ? row_bytes - 4 : begin);
    const int32_t moved = 8 * (begin - start);
    if (moved > -32 && moved < 32) {
      left = moved < 0 ? -moved : 0;
      right = moved > 0 ? moved : 0;
      mask = ~0u << left >> right;
    }
    padding = zero_points & ~mask;
  }

  uint32_t Load(const int8_t* row) const {
    return (LoadWord(row + start) << left >> right & mask) | padding;
  }
};

}  // namespace

void FillNarrowPair(const SparseConvLayer& w, const ConvDims& dims, const ConvParams& params,
                    const int8_t* input, const int32_t* y, const int32_t* x, uint32_t* out) {
  const uint32_t minus = MinusZeroPoints(params);
  const uint32_t zero_points = static_cast<uint8_t>(params.input_zero_point) * 0x01010101u;
  const int32_t row_bytes = dims.in_w * dims.in_channels;
  const int32_t columns = w.kernel_w * w.in_channels;
  const auto row_of = [&](int32_t at_x) {
    const int32_t in_x = at_x * params.stride_w - params.pad_left;
    return NarrowRow(in_x * dims.in_channels, row_bytes, zero_points);
  };
  const NarrowRow first = row_of(x[0]);
  const NarrowRow second = row_of(x[1]);
  int32_t first_y = y[0] * params.stride_h - params.pad_top;
  int32_t second_y = y[1] * params.stride_h - params.pad_top;
  const uint32_t in_h = static_cast<uint32_t>(dims.in_h);
  for (int32_t ky = 0; ky < w.kernel_h; ++ky) {
    uint32_t a = zero_points;
    uint32_t b = zero_points;
    if (static_cast<uint32_t>(first_y) < in_h) a = first.Load(input + first_y * row_bytes);
    if (static_cast<uint32_t>(second_y) < in_h) b = second.Load(input + second_y * row_bytes);
    first_y += params.dilation_h;
    second_y += params.dilation_h;
    out[0] = PairOfBytes<0>(minus, a, b);
    if (columns > 1) out[kPairs] = PairOfBytes<1>(minus, a, b);
    if (columns > 2) out[2 * kPairs] = PairOfBytes<2>(minus, a, b);
    if (columns > 3) out[3 * kPairs] = PairOfBytes<3>(minus, a, b);
    out += columns * kPairs;
  }
}

}  // namespace kws
