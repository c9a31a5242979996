// Four output positions by two output channels at a time, in eight accumulators. The receptive
// fields of a few groups of four positions are expanded to int16 once, zero point subtracted; then
// for every two output channels the weights are expanded once and meet all groups. Both sides keep
// the order in which SXTB16 splits four bytes, (0, 2) and (1, 3), so nothing is shuffled.
#include "custom_ops/kernels/conv2d.h"
#include "custom_ops/kernels/conv2d_tile.h"
#include "custom_ops/kernels/dsp_bytes.h"

namespace kws {
namespace {

constexpr int32_t kChannels = 2;

// The weights of two output channels as words [pairs][kChannels]; `second` is null after the last
// channel.
void ExpandWeights(const int8_t* first, const int8_t* second, const TileShape& shape,
                   uint32_t* words) {
  int32_t k = 0;
  if (second != nullptr) {
    for (; k + 4 <= shape.terms; k += 4, words += 2 * kChannels) {
      const uint32_t a = LoadWord(first + k);
      const uint32_t b = LoadWord(second + k);
      words[0] = ExtendEvenBytes(a);
      words[1] = ExtendEvenBytes(b);
      words[2] = AddOddBytes(0, a);
      words[3] = AddOddBytes(0, b);
    }
  }
  for (; k < shape.terms; k += 4, words += 2 * kChannels) {
    const uint32_t a = LoadBytes(first + k, shape.terms - k);
    const uint32_t b = second == nullptr ? 0 : LoadBytes(second + k, shape.terms - k);
    words[0] = ExtendEvenBytes(a);
    words[1] = ExtendEvenBytes(b);
    words[2] = AddOddBytes(0, a);
    words[3] = AddOddBytes(0, b);
  }
}

struct GroupSums {
  int32_t first[kPositions];
  int32_t second[kPositions];
};

// Sums of one group, from the two biases: eight SMLADs for six loaded words. Not inlined, so that
// the loop has all registers for itself.
[[gnu::noinline]] void MultiplyGroup(const uint32_t* weights, const uint32_t* columns,
                                     const uint32_t* columns_end, GroupSums* sums) {
  int32_t a0 = sums->first[0], a1 = a0, a2 = a0, a3 = a0;
  int32_t b0 = sums->second[0], b1 = b0, b2 = b0, b3 = b0;
  do {
    for (int32_t i = 0; i < 2; ++i) {
      const uint32_t wa = weights[0];
      const uint32_t wb = weights[1];
      const uint32_t c0 = columns[0];
      a0 = MultiplyAccumulateDual(c0, wa, a0);
      b0 = MultiplyAccumulateDual(c0, wb, b0);
      const uint32_t c1 = columns[1];
      a1 = MultiplyAccumulateDual(c1, wa, a1);
      b1 = MultiplyAccumulateDual(c1, wb, b1);
      const uint32_t c2 = columns[2];
      a2 = MultiplyAccumulateDual(c2, wa, a2);
      b2 = MultiplyAccumulateDual(c2, wb, b2);
      const uint32_t c3 = columns[3];
      a3 = MultiplyAccumulateDual(c3, wa, a3);
      b3 = MultiplyAccumulateDual(c3, wb, b3);
      weights += kChannels;
      columns += kPositions;
    }
  } while (columns != columns_end);
  *sums = {{a0, a1, a2, a3}, {b0, b1, b2, b3}};
}

struct Tile {
  const uint32_t* columns;  // [groups][pairs][kPositions]
  uint32_t* weights;        // [pairs][kChannels]
  int32_t count;            // positions, from the first
};

// All output channels of the positions in the tile; `output` is the first position's.
template <bool kFast>
void RunTile(const ConvDims& dims, const TileShape& shape, const ChannelScales& scales,
             const OutputRange& range, const Tile& tile, const int8_t* filter, const int32_t* bias,
             int8_t* output) {
  const int32_t stride = dims.out_channels;
  for (int32_t c = 0; c < dims.out_channels; c += kChannels, filter += kChannels * shape.terms) {
    const bool both = c + 1 < dims.out_channels;
    const int32_t other = both ? c + 1 : c;
    ExpandWeights(filter, both ? filter + shape.terms : nullptr, shape, tile.weights);
    const int32_t bias_first = bias == nullptr ? 0 : bias[c];
    const int32_t bias_second = bias == nullptr ? 0 : bias[other];
    const ChannelRequantizer<kFast> first(scales, c);
    const ChannelRequantizer<kFast> second(scales, other);
    const uint32_t* columns = tile.columns;
    int8_t* out = output + c;
    for (int32_t left = tile.count; left > 0; left -= kPositions, columns += shape.group_words()) {
      GroupSums sums;
      sums.first[0] = bias_first;
      sums.second[0] = bias_second;
      MultiplyGroup(tile.weights, columns, columns + shape.group_words(), &sums);
      if (both && left >= kPositions) {
#pragma GCC unroll 4
        for (int32_t i = 0; i < kPositions; ++i, out += stride) {
          out[0] = first(sums.first[i], range);
          out[1] = second(sums.second[i], range);
        }
        continue;
      }
      for (int32_t i = 0; i < kPositions && i < left; ++i, out += stride) {
        out[0] = first(sums.first[i], range);
        if (both) out[1] = second(sums.second[i], range);
      }
    }
  }
}

}  // namespace

size_t Conv2dM7ScratchBytes(const ConvDims& dims, const FilterDims& filter_dims) {
  const TileShape shape(dims, filter_dims);
  const int32_t words = shape.groups * shape.group_words() + shape.pairs * kChannels;
  return static_cast<size_t>(words) * sizeof(uint32_t);
}

void Conv2dM7(const ConvDims& dims, const FilterDims& filter_dims, const ConvParams& params,
              const ChannelScales& scales, const int8_t* input, const int8_t* filter,
              const int32_t* bias, int8_t* output, void* scratch) {
  const TileShape shape(dims, filter_dims);
  uint32_t* const columns = static_cast<uint32_t*>(scratch);
  const OutputRange range = {params.output_zero_point, params.activation_min,
                             params.activation_max};
  const auto run_tile = scales.narrow && range.full() ? RunTile<true> : RunTile<false>;
  const int32_t positions = dims.out_h * dims.out_w;
  const int32_t step = shape.groups * kPositions;
  Tile tile = {columns, columns + shape.groups * shape.group_words(), 0};
  for (int32_t n = 0; n < dims.batches; ++n) {
    int32_t y = 0;
    int32_t x = 0;
    for (int32_t done = 0; done < positions; done += step) {
      tile.count = positions - done < step ? positions - done : step;
      for (int32_t i = 0; i < tile.count; ++i) {
        uint32_t* group = columns + i / kPositions * shape.group_words();
        const PositionFiller filler(group, i % kPositions, params.input_zero_point);
        FillPosition(dims, filter_dims, params, shape, input, y, x, filler);
        if (++x == dims.out_w) {
          x = 0;
          ++y;
        }
      }
      run_tile(dims, shape, scales, range, tile, filter, bias, output);
      output += tile.count * dims.out_channels;
    }
    input += dims.in_h * dims.in_w * dims.in_channels;
  }
}

bool ConvIsNarrow(int64_t terms, const ChannelScales& scales, const int32_t* bias,
                  int32_t out_channels) {
  constexpr int64_t kLimit = int64_t{1} << 30;
  constexpr int64_t kMaxProduct = 255 * 128;  // |input - zero point| * |weight|
  for (int32_t c = 0; c < out_channels; ++c) {
    const int64_t start = bias == nullptr ? 0 : bias[c];
    if (terms * kMaxProduct + (start < 0 ? -start : start) >= kLimit) return false;
    if (!FastRequantizer::Takes(scales.shift(c))) return false;
  }
  return true;
}

}  // namespace kws
