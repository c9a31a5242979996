// The receptive fields of a few groups of four positions are expanded to int16 once, zero point
// subtracted; then for every two output channels the weights are expanded once and meet all groups
// (conv2d_groups_m7.cc). Both sides keep the order in which SXTB16 splits four bytes, (0, 2) and
// (1, 3), so nothing is shuffled.
#include "custom_ops/kernels/conv2d.h"
#include "custom_ops/kernels/conv2d_groups.h"
#include "custom_ops/kernels/conv2d_tile.h"

namespace kws {
namespace {

struct Layer {
  const ConvDims& dims;
  const FilterDims& filter_dims;
  const ConvParams& params;
  const ChannelScales& scales;
  const TileShape& shape;
  OutputRange range;
  const int8_t* filter;
  const int32_t* bias;

  int32_t bias_of(int32_t channel) const { return bias == nullptr ? 0 : bias[channel]; }
};

bool IsBelow(int32_t value, int32_t limit) { return value < limit && value > -limit; }

// The output position whose receptive field comes next.
struct Cursor {
  const int8_t* input;
  int32_t y, x;
};

// Filter taps [begin, end) along one axis that meet the input.
struct TapRange {
  int32_t begin, end;

  TapRange(int32_t origin, int32_t taps, int32_t dilation, int32_t size) {
    begin = origin >= 0 ? 0 : (-origin + dilation - 1) / dilation;
    if (begin > taps) begin = taps;
    end = origin >= size ? begin : (size - origin + dilation - 1) / dilation;
    if (end > taps) end = taps;
    if (end < begin) end = begin;
  }
};

[[gnu::noinline]] void FillPosition(const Layer& layer, const Cursor& at, PositionFiller filler) {
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
  filler.Zero(rows.begin * row_bytes);
  if (n == row_bytes && n % 4 == 0) {
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

[[gnu::noinline]] void FillTile(const Layer& layer, int32_t count, Cursor* at, uint32_t* columns) {
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

// Eight weights of each of two channels as words [4][kChannels]; in asm to keep loads, extensions
// and stores side by side.
inline void ExpandEight(const int8_t* first, const int8_t* second, uint32_t* words) {
#if KWS_DSP_NATIVE
  uint32_t a0, a1, b0, b1, even, odd;
  asm volatile(
      "ldr    %[a0], [%[first]] \n"
      "ldr    %[a1], [%[first], #4] \n"
      "ldr    %[b0], [%[second]] \n"
      "ldr    %[b1], [%[second], #4] \n"
      "sxtb16 %[even], %[a0] \n"
      "sxtb16 %[odd], %[a0], ror #8 \n"
      "str    %[even], [%[words]] \n"
      "sxtb16 %[even], %[b0] \n"
      "str    %[odd], [%[words], #8] \n"
      "sxtb16 %[odd], %[b0], ror #8 \n"
      "str    %[even], [%[words], #4] \n"
      "sxtb16 %[even], %[a1] \n"
      "str    %[odd], [%[words], #12] \n"
      "sxtb16 %[odd], %[a1], ror #8 \n"
      "str    %[even], [%[words], #16] \n"
      "sxtb16 %[even], %[b1] \n"
      "str    %[odd], [%[words], #24] \n"
      "sxtb16 %[odd], %[b1], ror #8 \n"
      "str    %[even], [%[words], #20] \n"
      "str    %[odd], [%[words], #28] \n"
      : [a0] "=&r"(a0), [a1] "=&r"(a1), [b0] "=&r"(b0), [b1] "=&r"(b1), [even] "=&r"(even),
        [odd] "=&r"(odd)
      : [first] "r"(first), [second] "r"(second), [words] "r"(words)
      : "memory");
#else
  for (int32_t i = 0; i < 8; i += 4, words += 2 * kChannels) {
    words[0] = ExtendEvenBytes(LoadWord(first + i));
    words[1] = ExtendEvenBytes(LoadWord(second + i));
    words[2] = ExtendOddBytes(LoadWord(first + i));
    words[3] = ExtendOddBytes(LoadWord(second + i));
  }
#endif
}

// The weights of two output channels as words [pairs][kChannels], zeros behind the last.
[[gnu::noinline]] void ExpandWeights(const int8_t* first, const int8_t* second, int32_t terms,
                                     uint32_t* words) {
  for (; terms >= 8; terms -= 8, first += 8, second += 8, words += 8) {
    ExpandEight(first, second, words);
  }
  if (terms <= 0) return;
  const uint32_t last[] = {LoadBytes(first, terms), LoadBytes(first + 4, terms - 4),
                           LoadBytes(second, terms), LoadBytes(second + 4, terms - 4)};
  const int8_t* const bytes = reinterpret_cast<const int8_t*>(last);
  ExpandEight(bytes, bytes + 8, words);
}

// `count` (1 to 4) positions of one group, `channels` (1 or 2) channels from `c`: any scale.
[[gnu::noinline]] void RunPartialGroup(const Layer& layer, GroupRun run, int32_t c,
                                       int32_t channels, int32_t count) {
  int32_t sums[kChannels][kPositions];
  run.groups = 1;
  run.sums = sums[0];
  MultiplyGroups(run);
  for (int32_t channel = 0; channel < channels; ++channel) {
    const ChannelRequantizer<false> requantizer(layer.scales, c + channel);
    for (int32_t i = 0; i < count; ++i) {
      run.output[i * run.stride + channel] = requantizer(sums[channel][i], layer.range);
    }
  }
}

// All output channels of the first `count` positions of the tile; `output` is the first's.
[[gnu::noinline]] void RunTile(const Layer& layer, const uint32_t* columns, uint32_t* weights,
                               int32_t count, int8_t* output) {
  const TileShape& shape = layer.shape;
  const int32_t channels = layer.dims.out_channels;
  const int32_t limit = FastBiasLimit(shape.terms);
  GroupRun run;
  run.weights = weights;
  run.weights_last = GroupRun::LastWeights(weights, shape.pairs);
  run.stride = channels;
  const int8_t* filter = layer.filter;
  for (int32_t c = 0; c < channels; c += kChannels, filter += kChannels * shape.terms) {
    const bool both = c + 1 < channels;
    const int32_t other = both ? c + 1 : c;
    ExpandWeights(filter, both ? filter + shape.terms : filter, shape.terms, weights);
    run.bias[0] = layer.bias_of(c);
    run.bias[1] = layer.bias_of(other);
    run.columns = columns;
    run.output = output + c;
    int32_t left = count;
    const int32_t shift = layer.scales.shift(c);
    const int32_t other_shift = layer.scales.shift(other);
    if (both && count >= kPositions && layer.range.full() && FastRequantizer::Takes(shift) &&
        FastRequantizer::Takes(other_shift) && IsBelow(run.bias[0], limit) &&
        IsBelow(run.bias[1], limit)) {
      run.requantizers[0] = {layer.scales.multiplier(c), -shift, layer.range.zero_point};
      run.requantizers[1] = {layer.scales.multiplier(other), -other_shift, layer.range.zero_point};
      run.groups = count / kPositions;
      run.sums = nullptr;
      MultiplyGroups(run);
      left = count % kPositions;
      run.columns += run.groups * shape.group_words();
      run.output += run.groups * kPositions * channels;
    }
    for (; left > 0; left -= kPositions) {
      RunPartialGroup(layer, run, c, other - c + 1, left < kPositions ? left : kPositions);
      run.columns += shape.group_words();
      run.output += kPositions * channels;
    }
  }
}

}  // namespace

TileShape::TileShape(const ConvDims& dims, const FilterDims& filter)
    : terms(filter.h * filter.w * dims.in_channels), pairs((terms + 7) / 8 * kPairStep) {
  // Groups are added until the expanded input takes this much: more of them share one expansion of
  // the weights, fewer leave room in the arena. Layers with little input and output do not size
  // the arena, so they may take more.
  constexpr int32_t kTileBytes = 2048;
  constexpr int64_t kLayerBytes = 12288;  // input, output and scratch
  constexpr int32_t kMaxGroups = 8;
  const int32_t word = sizeof(uint32_t);
  const int64_t in = int64_t{dims.in_h} * dims.in_w * dims.in_channels;
  const int64_t out = int64_t{dims.out_h} * dims.out_w * dims.out_channels;
  const int64_t room = kLayerBytes - dims.batches * (in + out) - weight_words() * word;
  const int32_t bytes = room > kTileBytes ? static_cast<int32_t>(room) : kTileBytes;
  const int32_t needed = (dims.out_h * dims.out_w + kPositions - 1) / kPositions;
  groups = Clamp(bytes / (group_words() * word), 1, needed < kMaxGroups ? needed : kMaxGroups);
}

size_t Conv2dM7ScratchBytes(const ConvDims& dims, const FilterDims& filter_dims) {
  const TileShape shape(dims, filter_dims);
  const int32_t words = shape.groups * shape.group_words() + shape.weight_words();
  return static_cast<size_t>(words) * sizeof(uint32_t);
}

void Conv2dM7(const ConvDims& dims, const FilterDims& filter_dims, const ConvParams& params,
              const ChannelScales& scales, const int8_t* input, const int8_t* filter,
              const int32_t* bias, int8_t* output, void* scratch) {
  const TileShape shape(dims, filter_dims);
  uint32_t* const columns = static_cast<uint32_t*>(scratch);
  uint32_t* const weights = columns + shape.groups * shape.group_words();
  const OutputRange range = {params.output_zero_point, params.activation_min,
                             params.activation_max};
  const Layer layer = {dims, filter_dims, params, scales, shape, range, filter, bias};
  const int32_t positions = dims.out_h * dims.out_w;
  const int32_t step = shape.groups * kPositions;
  Cursor at = {input, 0, 0};
  for (int32_t n = 0; n < dims.batches; ++n) {
    for (int32_t done = 0; done < positions; done += step) {
      const int32_t count = positions - done < step ? positions - done : step;
      FillTile(layer, count, &at, columns);
      RunTile(layer, columns, weights, count, output);
      output += count * dims.out_channels;
    }
    at = {at.input + dims.in_h * dims.in_w * dims.in_channels, 0, 0};
  }
}

bool ConvIsNarrow(int64_t terms, const ChannelScales& scales, const int32_t* bias,
                  int32_t out_channels) {
  const int32_t limit = FastBiasLimit(terms);
  for (int32_t c = 0; c < out_channels; ++c) {
    if (!IsBelow(bias == nullptr ? 0 : bias[c], limit)) return false;
    if (!FastRequantizer::Takes(scales.shift(c))) return false;
  }
  return true;
}

}  // namespace kws
