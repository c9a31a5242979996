// Any block shape, in plain C++: one output channel at a time against one lane or all eight.
#include "custom_ops/kernels/dsp.h"
#include "custom_ops/kernels/requantize.h"
#include "custom_ops/kernels/sparse_conv2d_block_rows.h"
#include "custom_ops/kernels/sparse_conv2d_tile.h"

namespace kws {
namespace {

// Two columns against some lanes.
template <int32_t kLanes>
inline void AccumulatePair(uint32_t weights, const uint32_t* columns, int32_t (&sums)[kLanes]) {
#pragma GCC unroll 8
  for (int32_t i = 0; i < kLanes; ++i) {
    sums[i] = MultiplyAccumulateDual(columns[i], weights, sums[i]);
  }
}

template <int32_t kLanes>
inline void AccumulateSingle(int32_t weight, const int16_t* columns, int32_t (&sums)[kLanes]) {
#pragma GCC unroll 8
  for (int32_t i = 0; i < kLanes; ++i) {
    sums[i] = static_cast<int32_t>(static_cast<uint32_t>(sums[i]) +
                                   static_cast<uint32_t>(columns[i] * weight));
  }
}

// One row of one block; `columns` is the block's first column in the tile.
template <int32_t kLanes>
inline void AccumulateBlockRow(TileLayout layout, int32_t block_in, const int8_t* values,
                               const int16_t* columns, int32_t (&sums)[kLanes]) {
  const uint32_t* words = reinterpret_cast<const uint32_t*>(columns);
  switch (layout) {
    case TileLayout::kQuad:
      for (int32_t i = 0; i < block_in; i += 4, words += 2 * kTile) {
        const uint32_t bytes = LoadWord(values + i);
        AccumulatePair(ExtendEvenBytes(bytes), words, sums);
        AccumulatePair(ExtendOddBytes(bytes), words + kTile, sums);
      }
      return;
    case TileLayout::kPair:
      for (int32_t i = 0; i < block_in; i += 2, words += kTile) {
        const uint32_t bytes = LoadHalf(values + i);
        AccumulatePair(ExtendEvenBytes(bytes | (bytes << 8)), words, sums);
      }
      return;
    case TileLayout::kSingle:
      for (int32_t i = 0; i < block_in; ++i, columns += kTile) {
        AccumulateSingle(values[i], columns, sums);
      }
  }
}

// `lane` is the first.
template <int32_t kLanes>
void AccumulateRow(const BlockTile& tile, int32_t lane, int32_t row, int32_t row_in_block,
                   int32_t (&sums)[kLanes]) {
  const BlockSparseConv& w = *tile.layer.weights;
  const TileLayout layout = TileLayoutOf(w);
  const int16_t* halves =
      reinterpret_cast<const int16_t*>(tile.words) + TileOffset(layout, 0, lane);
  const int32_t block_bytes = w.block_out * w.block_in;
  const int8_t* values = w.values + w.row_offsets[row] * static_cast<uint32_t>(block_bytes) +
                         row_in_block * w.block_in;
  for (uint32_t b = w.row_offsets[row]; b < w.row_offsets[row + 1]; ++b, values += block_bytes) {
    const int16_t* columns = halves + static_cast<int32_t>(w.index(b)) * (w.block_in * kTile);
    AccumulateBlockRow(layout, w.block_in, values, columns, sums);
  }
}

// Scales and stores sums of one output channel, as the tile's layer has them: without the bias, and
// doubled in a narrow layer. Not inlined: one copy serves both.
[[gnu::noinline]] void Store(const SparseTiles& layer, int32_t channel, const int32_t* sums,
                             int32_t count, int8_t* output) {
  const int32_t multiplier = layer.weights->multipliers[channel];
  const int32_t shift = layer.weights->shifts[channel];
  const int32_t stride = layer.weights->out_channels;
  const int32_t zero_point = layer.params->output_zero_point;
  const int32_t low = layer.params->activation_min;
  const int32_t high = layer.params->activation_max;
  const uint32_t bias = static_cast<uint32_t>(layer.bias[channel]);
  if (layer.narrow && shift < 0) {
    const int32_t half = 1 << (-shift - 1);
    const int32_t doubled_bias = static_cast<int32_t>(bias << 1);
#pragma GCC unroll 1
    for (int32_t i = 0; i < count; ++i, output += stride) {
      const int32_t product = MultiplyHighRounded(sums[i] + doubled_bias, multiplier);
      const int32_t scaled = (product + (product >> 31) + half) >> -shift;
      *output = static_cast<int8_t>(Clamp(scaled + zero_point, low, high));
    }
    return;
  }
#pragma GCC unroll 1
  for (int32_t i = 0; i < count; ++i, output += stride) {
    // A narrow sum stays below 2^31 when doubled: halving it is exact.
    const uint32_t sum = static_cast<uint32_t>(layer.narrow ? sums[i] >> 1 : sums[i]);
    const int32_t scaled =
        MultiplyByQuantizedMultiplier(static_cast<int32_t>(sum + bias), multiplier, shift);
    const uint32_t shifted = static_cast<uint32_t>(scaled) + static_cast<uint32_t>(zero_point);
    *output = static_cast<int8_t>(Clamp(static_cast<int32_t>(shifted), low, high));
  }
}

// More lanes than this are cheaper all at once.
constexpr int32_t kMaxSingleLanes = 3;

}  // namespace

void RunAnyRow(const BlockTile& tile, int32_t lane, int32_t count, int32_t row) {
  const BlockSparseConv& w = *tile.layer.weights;
  const int32_t first = row * w.block_out;
  const int32_t left = w.out_channels - first;
  const int32_t channels = left < w.block_out ? left : w.block_out;
  for (int32_t r = 0; r < channels; ++r) {
    int8_t* output = tile.output + lane * w.out_channels + first + r;
    if (count <= kMaxSingleLanes) {
      for (int32_t i = 0; i < count; ++i) {
        int32_t sums[1] = {};
        AccumulateRow(tile, lane + i, row, r, sums);
        Store(tile.layer, first + r, sums, 1, output + i * w.out_channels);
      }
      continue;
    }
    int32_t sums[kTile] = {};
    AccumulateRow(tile, 0, row, r, sums);
    // The copy keeps `sums` itself in registers: its address never leaves this function.
    int32_t results[kTile];
#pragma GCC unroll 8
    for (int32_t i = 0; i < kTile; ++i) results[i] = sums[i];
    Store(tile.layer, first + r, results + lane, count, output);
  }
}

}  // namespace kws
