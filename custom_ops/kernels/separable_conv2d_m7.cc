// A few output rows of the depthwise half at a time, all channels, four by four: their planes give
// staged int8, which is expanded into the tiles of eight positions of the pointwise half.
#include <type_traits>

#include "custom_ops/kernels/depthwise_row_pruned.h"
#include "custom_ops/kernels/depthwise_row_pruned_planes.h"
#include "custom_ops/kernels/dsp_bytes.h"
#include "custom_ops/kernels/separable_conv2d.h"
#include "custom_ops/kernels/sparse_conv2d.h"
#include "custom_ops/kernels/sparse_conv2d_tile.h"

namespace kws {
namespace {

// Four row pairs are eight rows, and so fill whole tiles whatever the width; wide images take fewer
// so that the tiles stay small.
constexpr int32_t kMaxPairs = 4;
constexpr size_t kTileBudget = 8 << 10;
static_assert(kMaxPairs <= kPlaneGroup, "a step is one group of planes");

bool IsFused(const SeparableConv2d& conv) {
  return RowPrunedUsesPlanes(conv.depthwise_weights) &&
         conv.depthwise_weights.out_channels % kPlaneQuad == 0;
}

// How the scratch is laid out, in words.
struct Plan {
  int32_t pairs;                    // row pairs a step
  int32_t tiles;                    // of a step
  int32_t tile_words;               // of a tile
  size_t quads, tile, plan, words;  // where they begin behind the planes; the end

  explicit Plan(const SeparableConv2d& conv) {
    const int32_t width = conv.depthwise.dims.out_w;
    const size_t tile_bytes = SparseTileBytes(conv.pointwise_weights);
    pairs = kMaxPairs;
    while (pairs > 1 && Tiles(pairs, width) * tile_bytes > kTileBudget) pairs /= 2;
    tiles = Tiles(pairs, width);
    tile_words = static_cast<int32_t>(tile_bytes / sizeof(uint32_t));
    const size_t n_quads = static_cast<size_t>(conv.depthwise.dims.out_channels / kPlaneQuad);
    quads = static_cast<size_t>(PlaneScratchWords(width));
    tile = quads + n_quads * sizeof(PlaneQuad) / sizeof(uint32_t);
    plan = tile + static_cast<size_t>(tiles) * static_cast<size_t>(tile_words);
    words = plan + SparseTilePlanBytes(conv.pointwise_weights) / sizeof(uint32_t);
  }

  static int32_t Tiles(int32_t pairs, int32_t width) {
    return (2 * pairs * width + kTile - 1) / kTile;
  }
};
static_assert(sizeof(PlaneQuad) % sizeof(uint32_t) == 0, "quads lie in words");

// Two int16 sums. SADD16.
inline uint32_t AddHalves(uint32_t a, uint32_t b) {
#if KWS_DSP_NATIVE
  return static_cast<uint32_t>(__sadd16(static_cast<int16x2_t>(a), static_cast<int16x2_t>(b)));
#else
  return PackHalves(LowHalf(a) + LowHalf(b), HighHalf(a) + HighHalf(b));
#endif
}

// Four channels of one position at their place in the first lane's columns; `even` are the first
// and the third channel.
template <TileLayout kLayout>
inline void StoreColumns(uint32_t even, uint32_t odd, uint32_t* words) {
  if constexpr (kLayout == TileLayout::kQuad) {
    words[0] = even;
    words[kTile] = odd;
  } else if constexpr (kLayout == TileLayout::kPair) {
    words[0] = PackLowHalves(even, odd);
    words[kTile] = PackHighHalves(even, odd);
  } else {
    int16_t* const singles = reinterpret_cast<int16_t*>(words);
    singles[0] = static_cast<int16_t>(LowHalf(even));
    singles[kTile] = static_cast<int16_t>(LowHalf(odd));
    singles[2 * kTile] = static_cast<int16_t>(HighHalf(even));
    singles[3 * kTile] = static_cast<int16_t>(HighHalf(odd));
  }
}

// Staged rows of a layer into tiles.
struct Expansion {
  int32_t rows, width;
  uint32_t negated;    // two zero points
  bool twice;          // TileScale
  int32_t tile_words;  // from tile to tile
};

// Channels [channel, channel + 4), position by position.
template <TileLayout kLayout>
void Expand(const Expansion& expansion, const uint32_t* stage, int32_t channel, uint32_t* tile) {
  constexpr bool kSingles = kLayout == TileLayout::kSingle;
  using Lane = std::conditional_t<kSingles, int16_t, uint32_t>;
  const uint32_t negated = expansion.negated;
  const int32_t width = expansion.width;
  // From the last lane of a tile to the first one of the next.
  const int32_t skip = expansion.tile_words * (kSingles ? 2 : 1) - kTile;
  const bool twice = expansion.twice;
  Lane* lane = reinterpret_cast<Lane*>(tile) + (kSingles ? channel : channel / 2) * kTile;
  int32_t left = kTile;
  for (int32_t row = 0; row < expansion.rows; ++row) {
    const uint32_t* staged = stage + row / 2 * 2 * width + row % 2;
    const uint32_t* const end = staged + 2 * width;
    do {
      uint32_t even = AddEvenBytes(negated, *staged);
      uint32_t odd = AddOddBytes(negated, *staged);
      if (twice) {
        even = AddHalves(even, even);
        odd = AddHalves(odd, odd);
      }
      StoreColumns<kLayout>(even, odd, reinterpret_cast<uint32_t*>(lane++));
      staged += 2;
      if (--left == 0) {
        left = kTile;
        lane += skip;
      }
    } while (staged != end);
  }
}

using ExpandFunction = void (*)(const Expansion&, const uint32_t*, int32_t, uint32_t*);

ExpandFunction ExpandFor(TileLayout layout) {
  if (layout == TileLayout::kQuad) return Expand<TileLayout::kQuad>;
  return layout == TileLayout::kPair ? Expand<TileLayout::kPair> : Expand<TileLayout::kSingle>;
}

// Output rows from y on of the depthwise half of one batch into tiles.
void RunDepthwise(const SeparableConv2d& conv, const PlaneWeaver& weaver,
                  const Expansion& expansion, const PlaneQuad* quads, const int8_t* input,
                  int32_t y, uint32_t* scratch, uint32_t* tile) {
  const ConvDims& dims = conv.depthwise.dims;
  const ConvParams& params = conv.depthwise.params;
  const OutputRange range = {params.output_zero_point, params.activation_min,
                             params.activation_max};
  uint32_t* const stage = scratch + PlaneWords(dims.out_w);
  const ExpandFunction expand = ExpandFor(TileLayoutOf(conv.pointwise_weights));
  const int32_t pairs = (expansion.rows + 1) / 2;
  for (int32_t c = 0; c < dims.out_channels; c += kPlaneQuad, ++quads) {
    weaver.Weave(input + c, y - params.pad_top, 0, pairs + 1, scratch);
    if (quads->narrow) {
      RunPlaneGroup(*quads, scratch, pairs, dims.out_w, stage);
    } else {
      RunPlaneGroupWide(*quads, scratch, pairs, dims.out_w, range.zero_point, stage);
    }
    ClampStage(range, pairs * 2 * dims.out_w, stage);
    expand(expansion, stage, c, tile);
  }
}

void RunFused(const SeparableConv2d& conv, const int8_t* input, int8_t* output, uint32_t* scratch) {
  const Plan plan(conv);
  const ConvDims& dims = conv.depthwise.dims;
  const SeparableHalf& second = conv.pointwise;
  PlaneQuad* const quads = reinterpret_cast<PlaneQuad*>(scratch + plan.quads);
  uint32_t* const tile = scratch + plan.tile;
  const SparseTiles tiles = PlanSparseTiles(conv.pointwise_weights, second.params, second.narrow,
                                            second.bias, scratch + plan.plan);
  const PlaneWeaver weaver(dims, conv.depthwise.params);
  const int32_t zero_point = conv.depthwise_weights.inner_zero_point;
  Expansion expansion = {0, dims.out_w, PackHalves(-zero_point, -zero_point),
                         TileScale(second.narrow) == 2, plan.tile_words};
  const int8_t* rows = conv.depthwise_weights.values;
  for (int32_t c = 0; c < dims.out_channels; c += kPlaneQuad) {
    rows = PackRowPrunedQuad(conv.depthwise_weights, rows, conv.depthwise.bias, zero_point,
                             dims.out_w, conv.depthwise.narrow, c, &quads[c / kPlaneQuad]);
  }
  ClearPlanes(dims.out_w, scratch);
  for (int32_t i = 0; i < plan.tiles * plan.tile_words; ++i) tile[i] = 0;  // columns of no channel
  for (int32_t n = 0; n < dims.batches; ++n, input += dims.in_h * weaver.row) {
    for (int32_t y = 0; y < dims.out_h; y += 2 * plan.pairs) {
      expansion.rows = Clamp(dims.out_h - y, 0, 2 * plan.pairs);
      RunDepthwise(conv, weaver, expansion, quads, input, y, scratch, tile);
      int32_t left = expansion.rows * dims.out_w;
      for (const uint32_t* at = tile; left > 0; left -= kTile, at += plan.tile_words) {
        const int32_t lanes = left < kTile ? left : kTile;
        RunSparseTile(tiles, at, lanes, output);
        output += lanes * second.dims.out_channels;
      }
    }
  }
}

}  // namespace

size_t SeparableConv2dM7ScratchBytes(const SeparableConv2d& conv) {
  if (IsFused(conv)) return Plan(conv).words * sizeof(uint32_t);
  const size_t first = RowPrunedDepthwiseM7ScratchBytes(conv.depthwise_weights, conv.depthwise.dims,
                                                        conv.depthwise.params);
  const size_t second = SparseConv2dM7ScratchBytes(conv.pointwise_weights);
  return SeparableConv2dReferenceScratchBytes(conv) + (first > second ? first : second);
}

void SeparableConv2dM7(const SeparableConv2d& conv, const int8_t* input, int8_t* output,
                       void* scratch) {
  if (IsFused(conv)) {
    RunFused(conv, input, output, static_cast<uint32_t*>(scratch));
    return;
  }
  int8_t* const between = static_cast<int8_t*>(scratch);
  void* const rest = between + SeparableConv2dReferenceScratchBytes(conv);
  const SeparableHalf& first = conv.depthwise;
  const SeparableHalf& second = conv.pointwise;
  RowPrunedDepthwiseM7(conv.depthwise_weights, first.dims, first.params, first.narrow, input,
                       first.bias, between, rest);
  SparseConv2dM7(conv.pointwise_weights, second.dims, second.params, second.narrow, between,
                 second.bias, output, rest);
}

}  // namespace kws
