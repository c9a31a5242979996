#include "custom_ops/kernels/sparse_conv2d_tile.h"

#include "custom_ops/kernels/requantize.h"
#include "custom_ops/kernels/sparse_conv2d_block_rows.h"

namespace kws {
namespace {

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
      return {RunRows1x2, nullptr, nullptr};
    case 0x14:
      return {RunRows1x4, nullptr, byte ? RunRowsOneLane : nullptr};
    case 0x22:
      return {byte ? RunRows2x2 : nullptr, nullptr, nullptr};
    case 0x24:
      return {byte ? RunRows2x4 : nullptr, nullptr, byte ? RunRowsOneLane : nullptr};
    case 0x41:
      return {nullptr, RunRows4x1, nullptr};
    case 0x44:
      return {byte ? RunRows4x4 : nullptr, nullptr, byte ? RunRowsOneLane : nullptr};
    default:
      return {};
  }
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
  ChannelPlan* plan = static_cast<ChannelPlan*>(memory);
  int32_t channel = 0;
  for (int32_t row = 0; row < w.block_rows; ++row) {
    const uint32_t blocks = w.row_offsets[row + 1] - w.row_offsets[row];
    const uint32_t index_bytes = (blocks - 1) * static_cast<uint32_t>(w.index_bytes);
    const int32_t first = channel;
    bool fast = first + w.block_out <= w.out_channels;
    for (int32_t r = 0; r < w.block_out && channel < w.out_channels; ++r, ++channel) {
      const int32_t shift = w.shifts[channel];
      if (!FastRequantizer::Takes(shift)) {
        fast = false;
        continue;
      }
      const FastRequantizer requantize(w.multipliers[channel], -shift, params.output_zero_point);
      plan[channel] = {static_cast<int32_t>(static_cast<uint32_t>(bias[channel]) << 1),
                       requantize.multiplier, requantize.offset,
                       index_bytes << 8 | static_cast<uint32_t>(requantize.right)};
    }
    for (int32_t r = 0; !fast && r < w.block_out; ++r)
      plan[first + r].indices_and_shift = ChannelPlan::kStop;
  }
  for (int32_t r = 0; r < w.block_out; ++r) {
    plan[w.block_rows * w.block_out + r].indices_and_shift = ChannelPlan::kStop;
  }
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
