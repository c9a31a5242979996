#include "custom_ops/kernels/sparse_conv2d_tile.h"

#include "custom_ops/kernels/requantize.h"
#include "custom_ops/kernels/sparse_conv2d_block_rows.h"

// Block shapes that have kernels in this build, a bit each: firmware for one model needs no others.
// Shapes without one run in RunAnyRow.
#ifndef KWS_SPARSE_BLOCKS
#define KWS_SPARSE_BLOCKS 0x3F
#endif

namespace kws {
namespace {

enum BlockShape { k1x2, k1x4, k2x2, k2x4, k4x1, k4x4 };
constexpr bool Has(BlockShape shape) { return ((KWS_SPARSE_BLOCKS) >> shape & 1) != 0; }

// Kernels of a layer; null where it has none.
struct RowKernels {
  RunRowsFn eight_lanes;
  RunRowsFn two_lanes;
  RunRowsFn one_lane;
};

RowKernels ChooseKernels(const SparseTiles& layer) {
  const BlockSparseConv& w = *layer.weights;
  const ConvParams& params = *layer.params;
  const bool clamps = params.activation_min != INT8_MIN || params.activation_max != INT8_MAX;
  if (!layer.narrow || clamps || w.n_blocks == 0) return {};
  const bool byte = w.index_bytes == 1;
  switch (w.block_out * 16 + w.block_in) {
    case 0x12:
      if (!Has(k1x2)) break;
      return {RunRows1x2, nullptr, nullptr};
    case 0x14:
      if (!Has(k1x4)) break;
      return {RunRows1x4, nullptr, byte ? RunRowsOneLane : nullptr};
    case 0x22:
      if (!Has(k2x2)) break;
      return {RunRows2x2, nullptr, nullptr};
    case 0x24:
      if (!Has(k2x4)) break;
      return {RunRows2x4, nullptr, byte ? RunRowsOneLane : nullptr};
    case 0x41:
      if (!Has(k4x1)) break;
      return {nullptr, RunRows4x1, nullptr};
    case 0x44:
      if (!Has(k4x4)) break;
      return {RunRows4x4, nullptr, byte ? RunRowsOneLane : nullptr};
    default:
      break;
  }
  return {};
}

void RunLanes(const BlockTile& tile, RunRowsFn run, int32_t lane, int32_t count) {
  const int32_t rows = tile.layer.weights->block_rows;
  int32_t row = 0;
  while (row < rows) {
    if (run != nullptr) row = run(tile, lane, row);
    if (row < rows) RunAnyRow(tile, lane, count, row++);
  }
}

// One lane costs about as much as 2.6 of eight.
constexpr int32_t kMaxSingleLanes = 3;

}  // namespace

size_t SparseTilePlanBytes(const BlockSparseConv& weights) {
  return static_cast<size_t>((weights.block_rows + 1) * weights.block_out) * sizeof(ChannelPlan);
}

SparseTiles PlanSparseTiles(const BlockSparseConv& w, const ConvParams& params, bool narrow,
                            const int32_t* bias, void* memory) {
  // Copies: stores to the plan might change what the references refer to, for all the compiler
  // knows.
  const int32_t* multipliers = w.multipliers;
  const int8_t* shifts = w.shifts;
  const uint32_t* row_offsets = w.row_offsets;
  const int32_t block_out = w.block_out, rows = w.block_rows, channels = w.out_channels;
  const uint32_t index_bytes = static_cast<uint32_t>(w.index_bytes);
  const int32_t zero_point = params.output_zero_point;
  ChannelPlan* plan = static_cast<ChannelPlan*>(memory);
  int32_t channel = 0;
  uint32_t begin = row_offsets[0];
  for (int32_t row = 0; row < rows; ++row, plan += block_out) {
    const uint32_t end = row_offsets[row + 1];
    const uint32_t indices = (end - begin - 1) * index_bytes << 8;
    begin = end;
    bool fast = channel + block_out <= channels;
    for (int32_t r = 0; r < block_out && channel < channels; ++r, ++channel) {
      const int32_t shift = shifts[channel];
      fast = fast && FastRequantizer::Takes(shift);
      if (!fast) continue;
      const FastRequantizer requantize(multipliers[channel], -shift, zero_point);
      plan[r] = {static_cast<int32_t>(static_cast<uint32_t>(bias[channel]) << 1),
                 requantize.multiplier, requantize.offset,
                 indices | static_cast<uint32_t>(requantize.right)};
    }
    for (int32_t r = 0; !fast && r < block_out; ++r) plan[r].indices_and_shift = ChannelPlan::kStop;
  }
  for (int32_t r = 0; r < block_out; ++r) plan[r].indices_and_shift = ChannelPlan::kStop;
  return {&w, &params, narrow, bias, static_cast<const uint32_t*>(memory)};
}

bool ShortSparseTilePays(const SparseTiles& tiles, int32_t count) {
  const RowKernels kernels = ChooseKernels(tiles);
  return kernels.two_lanes != nullptr || (kernels.one_lane != nullptr && count <= kMaxSingleLanes);
}

void RunSparseTile(const SparseTiles& tiles, const uint32_t* tile, int32_t count, int8_t* output) {
  const BlockTile block_tile = {tiles, tile, count, output};
  const RowKernels kernels = ChooseKernels(tiles);
  if (kernels.eight_lanes != nullptr && count == kTile) {
    RunLanes(block_tile, kernels.eight_lanes, 0, count);
  } else if (kernels.two_lanes != nullptr) {
    for (int32_t lane = 0; lane < count; lane += 2) {
      RunLanes(block_tile, kernels.two_lanes, lane, count - lane < 2 ? 1 : 2);
    }
  } else if (kernels.one_lane != nullptr) {
    for (int32_t lane = 0; lane < count; ++lane) RunLanes(block_tile, kernels.one_lane, lane, 1);
  } else {
    RunLanes(block_tile, nullptr, 0, count);
  }
}

}  // namespace kws
