// A few output rows of the depthwise half at a time, all channels, four by four: their planes give
// staged int8, which is expanded into the tiles of eight positions of the pointwise half.
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

// Writes the four channels of a quad into tiles, position by position.
struct Expander {
  TileLayout layout;
  uint32_t negated;  // two zero points
  bool twice;
  int32_t tile_words;

  uint32_t Scaled(uint32_t halves) const {
    return twice ? SubtractHalves(halves, SubtractHalves(0, halves)) : halves;
  }

  void Store(uint32_t bytes, int32_t channel, int32_t lane, uint32_t* tile) const {
    const uint32_t even = Scaled(AddEvenBytes(negated, bytes));
    const uint32_t odd = Scaled(AddOddBytes(negated, bytes));
    uint32_t* const words = tile + channel / 2 * kTile + lane;
    switch (layout) {
      case TileLayout::kQuad:
        words[0] = even;
        words[kTile] = odd;
        break;
      case TileLayout::kPair:
        words[0] = PackLowHalves(even, odd);
        words[kTile] = PackHighHalves(even, odd);
        break;
      case TileLayout::kSingle: {
        int16_t* const singles = reinterpret_cast<int16_t*>(tile) + channel * kTile + lane;
        singles[0] = static_cast<int16_t>(LowHalf(even));
        singles[kTile] = static_cast<int16_t>(LowHalf(odd));
        singles[2 * kTile] = static_cast<int16_t>(HighHalf(even));
        singles[3 * kTile] = static_cast<int16_t>(HighHalf(odd));
        break;
      }
    }
  }

  // `rows` staged rows of channels [channel, channel + 4).
  void Run(const uint32_t* stage, int32_t rows, int32_t width, int32_t channel,
           uint32_t* tile) const {
    int32_t lane = 0;
    for (int32_t row = 0; row < rows; ++row) {
      const uint32_t* staged = stage + row / 2 * 2 * width + row % 2;
      for (int32_t x = 0; x < width; ++x, staged += 2) {
        Store(*staged, channel, lane, tile);
        if (++lane == kTile) {
          lane = 0;
          tile += tile_words;
        }
      }
    }
  }
};

// Output rows [y, y + rows) of the depthwise half of one batch into tiles.
void RunDepthwise(const SeparableConv2d& conv, const PlaneWeaver& weaver, const Expander& expander,
                  const PlaneQuad* quads, const int8_t* input, int32_t y, int32_t rows,
                  uint32_t* scratch, uint32_t* tile) {
  const ConvDims& dims = conv.depthwise.dims;
  const ConvParams& params = conv.depthwise.params;
  const OutputRange range = {params.output_zero_point, params.activation_min,
                             params.activation_max};
  uint32_t* const stage = scratch + PlaneWords(dims.out_w);
  const int32_t pairs = (rows + 1) / 2;
  for (int32_t c = 0; c < dims.out_channels; c += kPlaneQuad, ++quads) {
    weaver.Weave(input + c, y - params.pad_top, 0, pairs + 1, scratch);
    if (quads->narrow) {
      RunPlaneGroup(*quads, scratch, pairs, dims.out_w, stage);
    } else {
      RunPlaneGroupWide(*quads, scratch, pairs, dims.out_w, range.zero_point, stage);
    }
    ClampStage(range, pairs * 2 * dims.out_w, stage);
    expander.Run(stage, rows, dims.out_w, c, tile);
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
  const Expander expander = {TileLayoutOf(conv.pointwise_weights),
                             PackHalves(-zero_point, -zero_point), TileScale(second.narrow) == 2,
                             plan.tile_words};
  const int8_t* rows = conv.depthwise_weights.values;
  for (int32_t c = 0; c < dims.out_channels; c += kPlaneQuad) {
    rows = PackRowPrunedQuad(conv.depthwise_weights, rows, conv.depthwise.bias, zero_point,
                             dims.out_w, conv.depthwise.narrow, c, &quads[c / kPlaneQuad]);
  }
  ClearPlanes(dims.out_w, scratch);
  for (int32_t i = 0; i < plan.tiles * plan.tile_words; ++i) tile[i] = 0;  // columns of no channel
  for (int32_t n = 0; n < dims.batches; ++n, input += dims.in_h * weaver.row) {
    for (int32_t y = 0; y < dims.out_h; y += 2 * plan.pairs) {
      const int32_t count = Clamp(dims.out_h - y, 0, 2 * plan.pairs);
      RunDepthwise(conv, weaver, expander, quads, input, y, count, scratch, tile);
      int32_t left = count * dims.out_w;
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
  const size_t first =
      RowPrunedDepthwiseM7ScratchBytes(conv.depthwise_weights, conv.depthwise.dims);
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
