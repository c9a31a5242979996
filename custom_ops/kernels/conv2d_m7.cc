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
  const TileShape& shape;
  const ChannelScales& scales;
  OutputRange range;
  const int8_t* filter;
  const int32_t* bias;

  int32_t bias_of(int32_t channel) const { return bias == nullptr ? 0 : bias[channel]; }
};

// -limit < value < limit; 0 <= limit <= 2^30.
bool IsBelow(int32_t value, int32_t limit) {
  return static_cast<uint32_t>(value) + static_cast<uint32_t>(limit) - 1u <
         2u * static_cast<uint32_t>(limit) - (limit > 0 ? 1u : 0u);
}

// Where the next tile's columns lie, and how many positions it has. Output that is not written yet
// is free memory: as long as there is much of it, larger tiles fit behind what they write than in
// the scratch.
struct Tile {
  uint32_t* columns;
  int32_t positions;

  Tile(const TileShape& shape, int32_t out_channels, uint32_t* scratch, int8_t* output,
       const int8_t* end)
      : columns(scratch), positions(shape.groups * kPositions) {
    const int32_t group_bytes = shape.group_words() * static_cast<int32_t>(sizeof(uint32_t));
    const int32_t room = static_cast<int32_t>(end - output) - kReadBehind - kAlignment;
    const int32_t groups = Clamp(room / (group_bytes + kPositions * out_channels), 0, kMaxGroups);
    if (groups <= shape.groups) return;
    positions = groups * kPositions;
    const int32_t offset = kAlignment + room - groups * group_bytes;
    const uintptr_t aligned = reinterpret_cast<uintptr_t>(output + offset) & -kAlignment;
    columns = reinterpret_cast<uint32_t*>(aligned);
  }

  static constexpr int32_t kAlignment = sizeof(uint32_t);
};

// The weights of two output channels, `n` (a positive multiple of 8) of each, as words
// [n / 2][kChannels]; in asm to keep extensions, loads and stores side by side.
void ExpandEights(const int8_t* first, const int8_t* second, int32_t n, uint32_t* words) {
  const int8_t* const end = first + n;
#if KWS_DSP_NATIVE
  uint32_t a0, a1, b0, b1, even, odd;
  asm volatile(
      "1: \n"
      "ldr    %[a0], [%[first]], #4 \n"
      "ldr    %[a1], [%[first]], #4 \n"
      "sxtb16 %[even], %[a0] \n"
      "ldr    %[b0], [%[second]], #4 \n"
      "sxtb16 %[odd], %[a0], ror #8 \n"
      "str    %[even], [%[words]] \n"
      "sxtb16 %[even], %[b0] \n"
      "str    %[odd], [%[words], #8] \n"
      "sxtb16 %[odd], %[b0], ror #8 \n"
      "str    %[even], [%[words], #4] \n"
      "sxtb16 %[even], %[a1] \n"
      "ldr    %[b1], [%[second]], #4 \n"
      "sxtb16 %[a1], %[a1], ror #8 \n"
      "str    %[odd], [%[words], #12] \n"
      "sxtb16 %[odd], %[b1] \n"
      "str    %[even], [%[words], #16] \n"
      "sxtb16 %[b1], %[b1], ror #8 \n"
      "str    %[a1], [%[words], #24] \n"
      "cmp    %[first], %[end] \n"
      "str    %[odd], [%[words], #20] \n"
      "str    %[b1], [%[words], #28] \n"
      "add    %[words], %[words], #32 \n"
      "bne    1b \n"
      : [a0] "=&r"(a0), [a1] "=&r"(a1), [b0] "=&r"(b0), [b1] "=&r"(b1), [even] "=&r"(even),
        [odd] "=&r"(odd), [first] "+&r"(first), [second] "+&r"(second), [words] "+&r"(words)
      : [end] "r"(end)
      : "cc", "memory");
#else
  for (; first != end; first += 4, second += 4, words += 2 * kChannels) {
    words[0] = ExtendEvenBytes(LoadWord(first));
    words[1] = ExtendEvenBytes(LoadWord(second));
    words[2] = ExtendOddBytes(LoadWord(first));
    words[3] = ExtendOddBytes(LoadWord(second));
  }
#endif
}

// The same of any `terms`, zeros behind the last.
[[gnu::noinline]] void ExpandWeights(const int8_t* first, const int8_t* second, int32_t terms,
                                     uint32_t* words) {
  const int32_t n = terms & ~7;
  if (n > 0) ExpandEights(first, second, n, words);
  if (n == terms) return;
  first += n;
  second += n;
  const int32_t left = terms - n;
  const uint32_t last[] = {LoadBytes(first, left), LoadBytes(first + 4, left - 4),
                           LoadBytes(second, left), LoadBytes(second + 4, left - 4)};
  const int8_t* const bytes = reinterpret_cast<const int8_t*>(last);
  ExpandEights(bytes, bytes + 8, 8, words + n);
}

// `count` (1 to 4) positions of one group, `channels` (1 or 2) channels from `c`: any scale.
[[gnu::noinline]] void RunPartialGroup(const Layer& layer, GroupRun run, int32_t c,
                                       int32_t channels, int32_t count) {
  int32_t sums[kChannels][kPositions];
  run.groups = 1;
  run.sums = sums[0];
  if (count <= 2) {
    SumTwoPositions(run);
  } else {
    MultiplyGroups(run);
  }
  for (int32_t channel = 0; channel < channels; ++channel) {
    const ChannelRequantizer<false> requantizer(layer.scales, c + channel);
    for (int32_t i = 0; i < count; ++i) {
      run.output[i * run.stride + channel] = requantizer(sums[channel][i], layer.range);
    }
  }
}

// Whether FastRequantizer takes `channel`, and then what it needs.
inline bool FindFastScale(const Layer& layer, int32_t channel, int32_t bias, int32_t bias_limit,
                          FastRequantizer* requantizer) {
  const int32_t shift = layer.scales.shift(channel);
  if (!FastRequantizer::Takes(shift) || !IsBelow(bias, bias_limit)) return false;
  *requantizer = {layer.scales.multiplier(channel), -shift, layer.range.zero_point};
  return true;
}

// All output channels of the first `count` positions of the tile; `output` is the first's.
[[gnu::noinline]] void RunTile(const Layer& layer, const uint32_t* columns, uint32_t* weights,
                               int32_t count, int8_t* output) {
  const TileShape& shape = layer.shape;
  const int32_t channels = layer.dims.out_channels;
  const int32_t limit = FastBiasLimit(shape.terms);
  const int32_t full = count & ~(kPositions - 1);
  const int32_t full_words = full * shape.pairs;
  GroupRun run;
  run.weights = weights;
  run.weights_last = GroupRun::LastWeights(weights, shape.pairs);
  run.stride = channels;
  run.groups = full / kPositions;
  run.sums = nullptr;
  const int8_t* filter = layer.filter;
  for (int32_t c = 0; c < channels; c += kChannels, filter += kChannels * shape.terms) {
    const bool both = c + 1 < channels;
    const int32_t other = both ? c + 1 : c;
    ExpandWeights(filter, both ? filter + shape.terms : filter, shape.terms, weights);
    run.bias[0] = layer.bias_of(c);
    run.bias[1] = layer.bias_of(other);
    run.columns = columns;
    run.output = output + c;
    int32_t done = 0;
    if (full > 0 && both && FindFastScale(layer, c, run.bias[0], limit, &run.requantizers[0]) &&
        FindFastScale(layer, other, run.bias[1], limit, &run.requantizers[1])) {
      MultiplyGroups(run);
      if (full == count) continue;
      done = full;
      run.columns += full_words;
      run.output += full * channels;
    }
    for (; done < count; done += kPositions) {
      const int32_t left = count - done;
      RunPartialGroup(layer, run, c, other - c + 1, left < kPositions ? left : kPositions);
      run.columns += shape.group_words();
      run.output += kPositions * channels;
    }
  }
  if (layer.range.full()) return;
  // FastRequantizer clamps to int8 only.
  for (int8_t* const end = output + count * channels; output != end; ++output) {
    *output = static_cast<int8_t>(Clamp(*output, layer.range.min, layer.range.max));
  }
}

}  // namespace

size_t Conv2dM7ScratchBytes(const ConvDims& dims, const FilterDims& filter_dims) {
  const TileShape shape(dims, filter_dims);
  const int32_t words = shape.groups * shape.group_words() + shape.weight_words();
  return static_cast<size_t>(words) * sizeof(uint32_t) + kReadBehind;
}

void Conv2dM7(const ConvDims& dims, const FilterDims& filter_dims, const ConvParams& params,
              const ChannelScales& scales, const int8_t* input, const int8_t* filter,
              const int32_t* bias, int8_t* output, void* scratch) {
  const TileShape shape(dims, filter_dims);
  uint32_t* const weights = static_cast<uint32_t*>(scratch);
  const OutputRange range = {params.output_zero_point, params.activation_min,
                             params.activation_max};
  const Layer layer = {dims, shape, scales, range, filter, bias};
  const TileInput tile_input = {dims, filter_dims, params, shape};
  const int32_t positions = dims.out_h * dims.out_w;
  const int8_t* const end = output + dims.batches * positions * dims.out_channels;
  TileCursor at = {input, 0, 0};
  for (int32_t n = 0; n < dims.batches; ++n) {
    for (int32_t done = 0; done < positions;) {
      const Tile tile(shape, dims.out_channels, weights + shape.weight_words(), output, end);
      const int32_t left = positions - done;
      const int32_t count = left < tile.positions ? left : tile.positions;
      FillTile(tile_input, count, &at, tile.columns);
      RunTile(layer, tile.columns, weights, count, output);
      output += count * dims.out_channels;
      done += count;
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
