// SMLAD needs two products of one channel side by side, which NHWC does not have: four channels at
// a time, two input rows are woven into words (row 2p, row 2p + 1) of int16, one plane a channel,
// zero point subtracted and zero where the convolution pads. Output rows 2p and 2p + 1 are then
// sums over row pairs p and p + 1, with the filter's columns paired to match:
//
//   row 2p:      (w0, w1) * pair p  +  (w2, 0)  * pair p + 1
//   row 2p + 1:  (0, w0)  * pair p  +  (w1, w2) * pair p + 1
//
// Two row pairs are held, so every input row is expanded once.
#include "custom_ops/kernels/depthwise_conv2d_3x3.h"
#include "custom_ops/kernels/dsp_bytes.h"

namespace kws {
namespace {

constexpr int32_t kQuad = 4;
constexpr int32_t kTaps = 3;
constexpr int32_t kColumnWords = 4;  // the four weight words of one filter column
constexpr int32_t kWeightWords = kQuad * kTaps * kColumnWords;

int32_t PlaneWords(const ConvDims& dims) { return dims.out_w + kTaps - 1; }

// Weight words [channel][filter column][4] of four channels.
void PackWeights(const int8_t* filter, int32_t channels, uint32_t* words) {
  for (int32_t c = 0; c < kQuad; ++c) {
    for (int32_t x = 0; x < kTaps; ++x, words += kColumnWords) {
      const int8_t* column = filter + x * channels + c;
      const int32_t w0 = column[0];
      const int32_t w1 = column[kTaps * channels];
      const int32_t w2 = column[2 * kTaps * channels];
      words[0] = PackHalves(w0, w1);
      words[1] = PackHalves(w2, 0);
      words[2] = PackHalves(0, w0);
      words[3] = PackHalves(w1, w2);
    }
  }
}

// Writes word i of four planes that are `width` words long.
inline void Weave(uint32_t first, uint32_t second, uint32_t negated, int32_t width,
                  uint32_t* words) {
  const uint32_t even0 = AddEvenBytes(negated, first);
  const uint32_t odd0 = AddOddBytes(negated, first);
  const uint32_t even1 = AddEvenBytes(negated, second);
  const uint32_t odd1 = AddOddBytes(negated, second);
  words[0] = PackLowHalves(even0, even1);
  words[width] = PackLowHalves(odd0, odd1);
  words[2 * width] = PackHighHalves(even0, even1);
  words[3 * width] = PackHighHalves(odd0, odd1);
}

// Row pair starting at input row `y` of four channels: words [channel][PlaneWords]. Columns where
// the convolution pads are left alone.
void WeaveRows(const ConvDims& dims, const ConvParams& params, const int8_t* input, int32_t y,
               uint32_t* pair) {
  const int32_t width = PlaneWords(dims);
  const int32_t pixel = dims.in_channels;
  const int8_t zero = static_cast<int8_t>(params.input_zero_point);
  const int8_t outside[kQuad] = {zero, zero, zero, zero};
  const int8_t* row = input + y * dims.in_w * pixel;
  const bool has_first = y >= 0 && y < dims.in_h;
  const bool has_second = y + 1 >= 0 && y + 1 < dims.in_h;
  const int8_t* first = has_first ? row : outside;
  const int8_t* second = has_second ? row + dims.in_w * pixel : outside;
  const int32_t first_step = has_first ? pixel : 0;
  const int32_t second_step = has_second ? pixel : 0;
  const uint32_t negated = PackHalves(-zero, -zero);
  const int32_t count = Clamp(width - params.pad_left, 0, dims.in_w);
  pair += params.pad_left;
  for (int32_t i = 0; i < count; ++i, first += first_step, second += second_step) {
    Weave(LoadWord(first), LoadWord(second), negated, width, pair + i);
  }
}

// Where the results of one channel go.
template <bool kFast>
struct Sink {
  ChannelRequantizer<kFast> requantize;
  OutputRange range;
  int32_t pixel, row;  // distance of neighbours in bytes
};

// kCount neighbouring outputs in both rows.
template <int32_t kCount, bool kFast>
inline void Outputs(const uint32_t* weights, const uint32_t* upper, const uint32_t* lower,
                    int32_t bias, const Sink<kFast>& sink, int8_t* output) {
  int32_t first[kCount];
  int32_t second[kCount];
#pragma GCC unroll 4
  for (int32_t i = 0; i < kCount; ++i) first[i] = second[i] = bias;
#pragma GCC unroll 3
  for (int32_t x = 0; x < kTaps; ++x, weights += kColumnWords) {
#pragma GCC unroll 4
    for (int32_t i = 0; i < kCount; ++i) {
      const uint32_t u = upper[x + i];
      const uint32_t l = lower[x + i];
      first[i] = MultiplyAccumulateDual(u, weights[0], first[i]);
      second[i] = MultiplyAccumulateDual(u, weights[2], second[i]);
      first[i] = MultiplyAccumulateDual(l, weights[1], first[i]);
      second[i] = MultiplyAccumulateDual(l, weights[3], second[i]);
    }
  }
#pragma GCC unroll 4
  for (int32_t i = 0; i < kCount; ++i, output += sink.pixel) {
    output[sink.row] = sink.requantize(second[i], sink.range);
    output[0] =
        sink.requantize(first[i], sink.range);  // last: `row` is 0 below the last output row
  }
}

// Two output rows of one channel.
template <bool kFast>
void RowPair(const uint32_t* weights, const uint32_t* upper, const uint32_t* lower, int32_t width,
             int32_t bias, const Sink<kFast>& sink, int8_t* output) {
  constexpr int32_t kStep = 2;  // more of them do not fit the registers
  int32_t left = width;
  for (; left >= kStep; left -= kStep, upper += kStep, lower += kStep) {
    Outputs<kStep>(weights, upper, lower, bias, sink, output);
    output += kStep * sink.pixel;
  }
  if (left == 1) Outputs<1>(weights, upper, lower, bias, sink, output);
}

struct Planes {
  uint32_t* weights;   // [kQuad][kTaps][kColumnWords]
  uint32_t* pairs[2];  // row pair p is pairs[p % 2]
};

// Four channels from `c` of one batch.
template <bool kFast>
void RunQuad(const ConvDims& dims, const ConvParams& params, const ChannelScales& scales,
             const OutputRange& range, const Planes& planes, int32_t c, const int8_t* input,
             const int32_t* bias, int8_t* output) {
  const int32_t width = PlaneWords(dims);
  const int32_t pixel = dims.out_channels;
  const int32_t row = dims.out_w * pixel;
  WeaveRows(dims, params, input, -params.pad_top, planes.pairs[0]);
  for (int32_t y = 0; y < dims.out_h; y += 2, output += 2 * row) {
    const int32_t p = y / 2;
    uint32_t* lower = planes.pairs[(p + 1) % 2];
    const uint32_t* upper = planes.pairs[p % 2];
    WeaveRows(dims, params, input, y + 2 - params.pad_top, lower);
    for (int32_t i = 0; i < kQuad; ++i) {
      const Sink<kFast> sink = {ChannelRequantizer<kFast>(scales, c + i), range, pixel,
                                y + 1 < dims.out_h ? row : 0};
      RowPair(planes.weights + i * kTaps * kColumnWords, upper + i * width, lower + i * width,
              dims.out_w, bias == nullptr ? 0 : bias[c + i], sink, output + i);
    }
  }
}

}  // namespace

size_t DepthwiseConv2d3x3M7ScratchBytes(const ConvDims& dims) {
  return static_cast<size_t>(kWeightWords + 2 * kQuad * PlaneWords(dims)) * sizeof(uint32_t);
}

void DepthwiseConv2d3x3M7(const ConvDims& dims, const ConvParams& params,
                          const ChannelScales& scales, const int8_t* input, const int8_t* filter,
                          const int32_t* bias, int8_t* output, void* scratch) {
  uint32_t* const words = static_cast<uint32_t*>(scratch);
  uint32_t* const pairs = words + kWeightWords;
  const Planes planes = {words, {pairs, pairs + kQuad * PlaneWords(dims)}};
  const OutputRange range = {params.output_zero_point, params.activation_min,
                             params.activation_max};
  const auto run_quad = scales.narrow && range.full() ? RunQuad<true> : RunQuad<false>;
  for (int32_t i = 0; i < 2 * kQuad * PlaneWords(dims); ++i) pairs[i] = 0;
  for (int32_t c = 0; c + kQuad <= dims.out_channels; c += kQuad) {
    PackWeights(filter + c, dims.out_channels, planes.weights);
    for (int32_t n = 0; n < dims.batches; ++n) {
      run_quad(dims, params, scales, range, planes, c,
               input + n * dims.in_h * dims.in_w * dims.in_channels + c, bias,
               output + n * dims.out_h * dims.out_w * dims.out_channels + c);
    }
  }
}

}  // namespace kws
