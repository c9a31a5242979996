// Four channels at a time: SXTAB16 adds two bytes to two int16 sums, which 256 bytes cannot
// overflow.
#include "custom_ops/kernels/average_pool.h"
#include "custom_ops/kernels/dsp_bytes.h"
#include "custom_ops/kernels/requantize.h"

namespace kws {
namespace {

constexpr int32_t kQuad = 4;
constexpr int32_t kMaxInt16Terms = 256;  // 256 * -128 is the smallest int16

// The part of a window that lies inside of the input.
struct Window {
  const int8_t* first;  // channel 0 of its first position
  int32_t h, w;         // positions
  int32_t row, pixel;   // distance of neighbours in bytes
};

void SumQuad(const Window& window, int32_t channel, int32_t (&sums)[kQuad]) {
  const int8_t* row = window.first + channel;
  for (int32_t y = 0; y < window.h; ++y, row += window.row) {
    const int8_t* pixel = row;
    for (int32_t left = window.w; left > 0; left -= kMaxInt16Terms) {
      uint32_t even = 0;
      uint32_t odd = 0;
      const int32_t count = left < kMaxInt16Terms ? left : kMaxInt16Terms;
      for (int32_t x = 0; x < count; ++x, pixel += window.pixel) {
        const uint32_t bytes = LoadWord(pixel);
        even = AddEvenBytes(even, bytes);
        odd = AddOddBytes(odd, bytes);
      }
      sums[0] += LowHalf(even);
      sums[1] += LowHalf(odd);
      sums[2] += HighHalf(even);
      sums[3] += HighHalf(odd);
    }
  }
}

int32_t SumSingle(const Window& window, int32_t channel) {
  int32_t sum = 0;
  for (int32_t y = 0; y < window.h; ++y) {
    const int8_t* pixel = window.first + y * window.row + channel;
    for (int32_t x = 0; x < window.w; ++x, pixel += window.pixel) sum += *pixel;
  }
  return sum;
}

int8_t Mean(int32_t sum, int32_t count, const ConvParams& params) {
  const int32_t half = count / 2;
  const int32_t mean = (sum > 0 ? sum + half : sum - half) / count;
  return static_cast<int8_t>(Clamp(mean, params.activation_min, params.activation_max));
}

// First position inside of the input and how many there are, along one axis.
struct Span {
  int32_t begin, count;

  Span(int32_t origin, int32_t window, int32_t size) : begin(origin < 0 ? 0 : origin) {
    const int32_t end = origin + window < size ? origin + window : size;
    count = end > begin ? end - begin : 0;
  }
};

void PoolPosition(const Window& window, int32_t channels, const ConvParams& params,
                  int8_t* output) {
  const int32_t count = window.h * window.w;
  int32_t c = 0;
  for (; c + kQuad <= channels; c += kQuad) {
    int32_t sums[kQuad] = {};
    SumQuad(window, c, sums);
    for (int32_t i = 0; i < kQuad; ++i) output[c + i] = Mean(sums[i], count, params);
  }
  for (; c < channels; ++c) output[c] = Mean(SumSingle(window, c), count, params);
}

}  // namespace

void AveragePoolM7(const ConvDims& dims, const FilterDims& filter, const ConvParams& params,
                   const int8_t* input, int8_t* output) {
  const int32_t channels = dims.in_channels;
  const int32_t row = dims.in_w * channels;
  for (int32_t n = 0; n < dims.batches; ++n, input += dims.in_h * row) {
    for (int32_t y = 0; y < dims.out_h; ++y) {
      const Span rows(y * params.stride_h - params.pad_top, filter.h, dims.in_h);
      for (int32_t x = 0; x < dims.out_w; ++x, output += channels) {
        const Span columns(x * params.stride_w - params.pad_left, filter.w, dims.in_w);
        const Window window = {input + rows.begin * row + columns.begin * channels, rows.count,
                               columns.count, row, channels};
        PoolPosition(window, channels, params, output);
      }
    }
  }
}

}  // namespace kws
