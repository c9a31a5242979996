// Filters of any size, stride, dilation and multiplier; 3x3 is in depthwise_conv2d_3x3_m7.cc,
// filters of one row and others in depthwise_rows*.cc.
#include "custom_ops/kernels/depthwise_conv2d.h"
#include "custom_ops/kernels/depthwise_conv2d_3x3.h"
#include "custom_ops/kernels/depthwise_rows.h"
#include "custom_ops/kernels/dsp_bytes.h"

namespace kws {
namespace {

constexpr int32_t kQuad = 4;

bool Is3x3(const ConvDims& dims, const FilterDims& filter, const ConvParams& params) {
  return filter.h == 3 && filter.w == 3 && params.stride_h == 1 && params.stride_w == 1 &&
         params.dilation_h == 1 && params.dilation_w == 1 &&
         dims.in_channels == dims.out_channels && dims.out_channels >= kQuad;
}

// Filter taps [begin, end) along one axis that meet the input.
struct TapRange {
  int32_t begin, end;

  TapRange(int32_t origin, int32_t taps, int32_t dilation, int32_t size) {
    begin = origin >= 0 ? 0 : (-origin + dilation - 1) / dilation;
    end = origin >= size ? 0 : (size - origin + dilation - 1) / dilation;
    if (end > taps) end = taps;
  }
};

// The receptive field of one output position in one batch.
struct Window {
  TapRange y, x;
  const int8_t* input;  // tap (0, 0), which may lie outside of the input
  int32_t input_row, input_column, filter_row, filter_column;  // steps from tap to tap
};

struct Layer {
  const ConvDims& dims;
  const FilterDims& filter_dims;
  const ConvParams& params;
  const ChannelScales& scales;
  OutputRange range;
  const int8_t* filter;
  const int32_t* bias;

  Window At(const int8_t* input, int32_t y, int32_t x) const {
    const int32_t origin_y = y * params.stride_h - params.pad_top;
    const int32_t origin_x = x * params.stride_w - params.pad_left;
    const int32_t row = dims.in_w * dims.in_channels;
    return {TapRange(origin_y, filter_dims.h, params.dilation_h, dims.in_h),
            TapRange(origin_x, filter_dims.w, params.dilation_w, dims.in_w),
            input + origin_y * row + origin_x * dims.in_channels,
            row * params.dilation_h,
            dims.in_channels * params.dilation_w,
            filter_dims.w * dims.out_channels,
            dims.out_channels};
  }
};

// A sum plus a product that fits easily. Sums wrap as the instructions do: a channel of tiny
// weights may come with a bias at the end of int32.
inline int32_t Add(int32_t sum, int32_t product) {
  return static_cast<int32_t>(static_cast<uint32_t>(sum) + static_cast<uint32_t>(product));
}

// Channels [c, c + 4) with multiplier 1.
inline void AccumulateQuad(const Window& window, const int8_t* filter, int32_t c,
                           uint32_t negated_zero_points, int32_t (&sums)[kQuad]) {
  int32_t s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
  for (int32_t ky = window.y.begin; ky < window.y.end; ++ky) {
    const int8_t* in =
        window.input + ky * window.input_row + window.x.begin * window.input_column + c;
    const int8_t* w = filter + ky * window.filter_row + window.x.begin * window.filter_column + c;
    for (int32_t kx = window.x.begin; kx < window.x.end; ++kx) {
      const uint32_t bytes = LoadWord(in);
      const uint32_t weights = LoadWord(w);
      const uint32_t even = AddEvenBytes(negated_zero_points, bytes);
      const uint32_t odd = AddOddBytes(negated_zero_points, bytes);
      const uint32_t even_weights = ExtendEvenBytes(weights);
      const uint32_t odd_weights = AddOddBytes(0, weights);
      s0 = Add(s0, LowHalf(even) * LowHalf(even_weights));
      s1 = Add(s1, LowHalf(odd) * LowHalf(odd_weights));
      s2 = Add(s2, HighHalf(even) * HighHalf(even_weights));
      s3 = Add(s3, HighHalf(odd) * HighHalf(odd_weights));
      in += window.input_column;
      w += window.filter_column;
    }
  }
  sums[0] = s0, sums[1] = s1, sums[2] = s2, sums[3] = s3;
}

inline int32_t AccumulateSingle(const Window& window, const int8_t* filter, int32_t in_channel,
                                int32_t channel, int32_t zero_point, int32_t sum) {
  for (int32_t ky = window.y.begin; ky < window.y.end; ++ky) {
    const int8_t* in = window.input + ky * window.input_row + in_channel;
    const int8_t* w = filter + ky * window.filter_row + channel;
    for (int32_t kx = window.x.begin; kx < window.x.end; ++kx) {
      sum = Add(sum, (in[kx * window.input_column] - zero_point) * w[kx * window.filter_column]);
    }
  }
  return sum;
}

// All output channels of one position.
template <bool kFast>
void RunPosition(const Layer& layer, const Window& window, int8_t* output) {
  const int32_t zero_point = layer.params.input_zero_point;
  const uint32_t negated = PackHalves(-zero_point, -zero_point);
  const int32_t channels = layer.dims.out_channels;
  const int32_t multiplier = channels / layer.dims.in_channels;
  const OutputRange& range = layer.range;
  int32_t c = 0;
  for (; multiplier == 1 && c + kQuad <= channels; c += kQuad) {
    int32_t sums[kQuad] = {};
    for (int32_t i = 0; layer.bias != nullptr && i < kQuad; ++i) sums[i] = layer.bias[c + i];
    AccumulateQuad(window, layer.filter, c, negated, sums);
    for (int32_t i = 0; i < kQuad; ++i) {
      output[c + i] = ChannelRequantizer<kFast>(layer.scales, c + i)(sums[i], range);
    }
  }
  int32_t in_channel = c / multiplier;
  int32_t left = multiplier - c % multiplier;  // output channels of in_channel
  for (; c < channels; ++c) {
    const int32_t start = layer.bias == nullptr ? 0 : layer.bias[c];
    const int32_t sum = AccumulateSingle(window, layer.filter, in_channel, c, zero_point, start);
    output[c] = ChannelRequantizer<kFast>(layer.scales, c)(sum, range);
    if (--left == 0) {
      left = multiplier;
      ++in_channel;
    }
  }
}

template <bool kFast>
void RunAll(const Layer& layer, const int8_t* input, int8_t* output) {
  const ConvDims& dims = layer.dims;
  for (int32_t n = 0; n < dims.batches; ++n) {
    for (int32_t y = 0; y < dims.out_h; ++y) {
      for (int32_t x = 0; x < dims.out_w; ++x, output += dims.out_channels) {
        RunPosition<kFast>(layer, layer.At(input, y, x), output);
      }
    }
    input += dims.in_h * dims.in_w * dims.in_channels;
  }
}

// Bias and requantisation of channels [c, c + 4).
void PackQuad(const ChannelScales& scales, const int32_t* bias, int32_t zero_point, int32_t c,
              RowQuad* quad) {
  static constexpr int32_t kNoBias[kQuad] = {};
  const int32_t* const start = bias == nullptr ? kNoBias : bias + c;
  if (!scales.narrow) {
    for (int32_t i = 0; i < kQuad; ++i) {
      quad->Set(i, start[i], scales.multiplier(c + i), scales.shift(c + i), zero_point, false);
    }
    return;
  }
  // Every shift is one that FastRequantizer takes.
  const int32_t step = scales.step;
  const int32_t origin = scales.shift_origin;
  const int32_t* multiplier = scales.multipliers + c * step;
  const int32_t* key = scales.shift_keys + c * step;
#pragma GCC unroll 4
  for (int32_t i = 0; i < kQuad; ++i, multiplier += step, key += step) {
    const int32_t shift = (*key - origin) >> ChannelScales::kKeyBits;
    quad->Set(i, start[i], *multiplier, shift, zero_point, true);
  }
}

// All channels by `rows`; the last four once more where a quad does not end with them.
void RunByRows(const Layer& layer, RowLayer* rows, const int8_t* input, int8_t* output) {
  const int32_t channels = layer.dims.out_channels;
  const int32_t row = layer.filter_dims.w * channels;
  for (int32_t c = 0; c < channels;) {
    if (channels - c < kQuad) c = channels - kQuad;
    const int32_t left = (channels - c) / kQuad;
    const int32_t count = left < rows->quads() ? left : rows->quads();
    for (int32_t i = 0; i < count; ++i) {
      PackQuad(layer.scales, layer.bias, layer.range.zero_point, c + i * kQuad, rows->quad(i));
    }
    rows->Run(count, layer.filter + c, channels, row, kQuad, input + c, output + c);
    c += count * kQuad;
  }
}

}  // namespace

size_t DepthwiseConv2dM7ScratchBytes(const ConvDims& dims, const FilterDims& filter_dims,
                                     const ConvParams& params) {
  if (Is3x3(dims, filter_dims, params)) return DepthwiseConv2d3x3M7ScratchBytes(dims);
  if (!kHasRows) return 0;
  const RowLayer rows(dims, params, filter_dims.h, filter_dims.w, false, nullptr);
  return static_cast<size_t>(rows.ScratchWords()) * sizeof(uint32_t);
}

void DepthwiseConv2dM7(const ConvDims& dims, const FilterDims& filter_dims,
                       const ConvParams& params, const ChannelScales& scales, const int8_t* input,
                       const int8_t* filter, const int32_t* bias, int8_t* output, void* scratch) {
  const OutputRange range = {params.output_zero_point, params.activation_min,
                             params.activation_max};
  const Layer layer = {dims, filter_dims, params, scales, range, filter, bias};
  if (Is3x3(dims, filter_dims, params)) {
    DepthwiseConv2d3x3M7(dims, params, scales, input, filter, bias, output, scratch);
    return;
  }
  if (kHasRows) {
    RowLayer rows(dims, params, filter_dims.h, filter_dims.w, scales.narrow,
                  static_cast<uint32_t*>(scratch));
    if (rows.taken()) {
      RunByRows(layer, &rows, input, output);
      return;
    }
  }
  if (scales.narrow && range.full()) {
    RunAll<true>(layer, input, output);
  } else {
    RunAll<false>(layer, input, output);
  }
}

}  // namespace kws
