// Eight output positions at a time: their receptive fields are expanded once to int16 pairs, then
// every output channel walks its stored blocks with the eight accumulators in registers, so a
// weight is loaded once for eight SMLADs. A 1x1 convolution and a strided, dilated, padded one
// differ only in how the tile is filled.
#include "custom_ops/kernels/activation_tile.h"
#include "custom_ops/kernels/dsp.h"
#include "custom_ops/kernels/requantize.h"
#include "custom_ops/kernels/sparse_conv2d.h"

namespace kws {
namespace {

using Sums = int32_t[kTile];

// Two columns against eight positions.
inline void AccumulatePair(uint32_t weights, const uint32_t* columns, Sums& sums) {
#pragma GCC unroll 8
  for (int32_t i = 0; i < kTile; ++i) {
    sums[i] = MultiplyAccumulateDual(columns[i], weights, sums[i]);
  }
}

inline void AccumulateQuad(uint32_t weights, const uint32_t* columns, Sums& sums) {
  AccumulatePair(ExtendEvenBytes(weights), columns, sums);
  AccumulatePair(ExtendOddBytes(weights), columns + kTile, sums);
}

// The stored blocks [begin, end) of one block row; `values` is the wanted row of the first of them.
struct BlockRange {
  uint32_t begin, end;
  const int8_t* values;
};

// Blocks four columns wide, the usual case.
template <typename Index>
inline void AccumulateBlocksOf4(const BlockSparseConv& w, const int16_t* tile, BlockRange range,
                                Sums& sums) {
  const uint32_t* columns = reinterpret_cast<const uint32_t*>(tile);
  const Index* index = reinterpret_cast<const Index*>(w.indices) + range.begin;
  const Index* const last = reinterpret_cast<const Index*>(w.indices) + range.end;
  const int32_t step = w.block_out * 4;
  for (; index != last; ++index, range.values += step) {
    AccumulateQuad(LoadWord(range.values), columns + *index * (2 * kTile), sums);
  }
}

inline void AccumulateQuads(const BlockSparseConv& w, const int16_t* tile, BlockRange range,
                            Sums& sums) {
  const uint32_t* words = reinterpret_cast<const uint32_t*>(tile);
  for (; range.begin < range.end; ++range.begin, range.values += w.block_out * w.block_in) {
    const uint32_t* columns = words + w.index(range.begin) * (w.block_in / 2 * kTile);
    for (int32_t i = 0; i < w.block_in; i += 4, columns += 2 * kTile) {
      AccumulateQuad(LoadWord(range.values + i), columns, sums);
    }
  }
}

inline void AccumulatePairs(const BlockSparseConv& w, const int16_t* tile, BlockRange range,
                            Sums& sums) {
  const uint32_t* words = reinterpret_cast<const uint32_t*>(tile);
  for (; range.begin < range.end; ++range.begin, range.values += w.block_out * w.block_in) {
    const uint32_t* columns = words + w.index(range.begin) * (w.block_in / 2 * kTile);
    for (int32_t i = 0; i < w.block_in; i += 2, columns += kTile) {
      const uint32_t bytes = LoadHalf(range.values + i);
      AccumulatePair(ExtendEvenBytes(bytes | (bytes << 8)), columns, sums);
    }
  }
}

inline void AccumulateSingles(const BlockSparseConv& w, const int16_t* tile, BlockRange range,
                              Sums& sums) {
  for (; range.begin < range.end; ++range.begin, range.values += w.block_out * w.block_in) {
    const int16_t* columns = tile + w.index(range.begin) * (w.block_in * kTile);
    for (int32_t i = 0; i < w.block_in; ++i, columns += kTile) {
#pragma GCC unroll 8
      for (int32_t j = 0; j < kTile; ++j) {
        sums[j] = static_cast<int32_t>(static_cast<uint32_t>(sums[j]) +
                                       static_cast<uint32_t>(columns[j] * range.values[i]));
      }
    }
  }
}

// Scales the first `count` sums of `channel` and stores them, out_channels bytes apart. Not
// inlined: one copy serves every block shape.
[[gnu::noinline]] void Requantize(const BlockSparseConv& w, const ConvParams& params, bool narrow,
                                  int32_t channel, int32_t count, const Sums& sums,
                                  int8_t* output) {
  const int32_t multiplier = w.multipliers[channel];
  const int32_t shift = w.shifts[channel];
  const int32_t stride = w.out_channels;
  const uint32_t zero_point = static_cast<uint32_t>(params.output_zero_point);
  const int32_t low = params.activation_min;
  const int32_t high = params.activation_max;
  if (narrow) {
    const int32_t half = 1 << (-shift - 1);
    for (int32_t i = 0; i < count; ++i, output += stride) {
      const int32_t scaled = MultiplyByQuantizedMultiplierNarrow(sums[i], multiplier, -shift, half);
      *output = static_cast<int8_t>(Clamp(scaled + params.output_zero_point, low, high));
    }
    return;
  }
  for (int32_t i = 0; i < count; ++i, output += stride) {
    const int32_t scaled = MultiplyByQuantizedMultiplier(sums[i], multiplier, shift);
    const uint32_t shifted = static_cast<uint32_t>(scaled) + zero_point;
    *output = static_cast<int8_t>(Clamp(static_cast<int32_t>(shifted), low, high));
  }
}

using AccumulateFn = void (*)(const BlockSparseConv&, const int16_t*, BlockRange, Sums&);

// All output channels of the `count` positions in the tile; `output` is the first position's.
template <AccumulateFn kAccumulate>
void RunTile(const BlockSparseConv& w, const ConvParams& params, bool narrow, const int16_t* tile,
             const int32_t* bias, int32_t count, int8_t* output) {
  int32_t channel = 0;
  for (int32_t row = 0; row < w.block_rows; ++row) {
    BlockRange range = {w.row_offsets[row], w.row_offsets[row + 1], nullptr};
    range.values = w.values + range.begin * w.block_out * w.block_in;
    for (int32_t r = 0; r < w.block_out && channel < w.out_channels; ++r, ++channel) {
      Sums sums;
#pragma GCC unroll 8
      for (int32_t i = 0; i < kTile; ++i) sums[i] = bias[channel];
      kAccumulate(w, tile, range, sums);
      // The copy keeps `sums` itself out of memory: its address never leaves this function.
      Sums result;
#pragma GCC unroll 8
      for (int32_t i = 0; i < kTile; ++i) result[i] = sums[i];
      Requantize(w, params, narrow, channel, count, result, output + channel);
      range.values += w.block_in;
    }
  }
}

using RunTileFn = void (*)(const BlockSparseConv&, const ConvParams&, bool, const int16_t*,
                           const int32_t*, int32_t, int8_t*);

RunTileFn ChooseRunTile(const BlockSparseConv& w) {
  if (w.block_in == 4) {
    return w.index_bytes == 1 ? RunTile<AccumulateBlocksOf4<uint8_t>>
                              : RunTile<AccumulateBlocksOf4<uint16_t>>;
  }
  switch (TileLayoutOf(w)) {
    case TileLayout::kQuad:
      return RunTile<AccumulateQuads>;
    case TileLayout::kPair:
      return RunTile<AccumulatePairs>;
    case TileLayout::kSingle:
      break;
  }
  return RunTile<AccumulateSingles>;
}

}  // namespace

size_t SparseConv2dM7ScratchBytes(const BlockSparseConv& weights) {
  return static_cast<size_t>(TileColumns(weights)) * kTile * sizeof(int16_t);
}

void SparseConv2dM7(const BlockSparseConv& w, const ConvDims& dims, const ConvParams& params,
                    bool narrow, const int8_t* input, const int32_t* bias, int8_t* output,
                    void* scratch) {
  int16_t* tile = static_cast<int16_t*>(scratch);
  const uint32_t zero_points = PackHalves(params.input_zero_point, params.input_zero_point);
  const TileFiller filler = {w, dims, params, TileLayoutOf(w), tile, zero_points};
  const RunTileFn run_tile = ChooseRunTile(w);
  const int32_t positions = dims.out_h * dims.out_w;
  for (int32_t n = 0; n < dims.batches; ++n) {
    int32_t y = 0;
    int32_t x = 0;
    for (int32_t first = 0; first < positions; first += kTile) {
      const int32_t left = positions - first;
      const int32_t count = left < kTile ? left : kTile;
      for (int32_t i = 0; i < kTile; ++i) {
        if (i >= count) {
          filler.Zero(0, TileColumns(w), i);
          continue;
        }
        filler.Fill(input, y, x, i);
        if (++x == dims.out_w) {
          x = 0;
          ++y;
        }
      }
      run_tile(w, params, narrow, tile, bias, count, output);
      output += count * dims.out_channels;
    }
    input += dims.in_h * dims.in_w * dims.in_channels;
  }
}

}  // namespace kws
