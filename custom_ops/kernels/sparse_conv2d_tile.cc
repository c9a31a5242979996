#include "custom_ops/kernels/sparse_conv2d_tile.h"

#include "custom_ops/kernels/requantize.h"
#include "custom_ops/kernels/sparse_conv2d_block_rows.h"

namespace kws {
namespace {

RowKernel ChooseKernel(const SparseTiles& layer) {
  const BlockSparseConv& w = *layer.weights;
  const ConvParams& params = *layer.params;
  const bool clamps = params.activation_min != INT8_MIN || params.activation_max != INT8_MAX;
  if (!layer.narrow || clamps) return {nullptr, kTile};
  if (w.block_out == 1 && w.block_in == 4) return {RunRows1x4, 8};
  return {nullptr, kTile};
}

void RunLanes(const BlockTile& tile, RunRowsFn run, int32_t lane, int32_t count) {
  const BlockSparseConv& w = *tile.layer.weights;
  int32_t row = 0;
  while (row < w.block_rows) {
    if (run != nullptr) row = run(tile, lane, row);
    if (row < w.block_rows) RunAnyRow(tile, lane, count, row++);
  }
}

}  // namespace

size_t SparseTilePlanBytes(const BlockSparseConv& weights) {
  return static_cast<size_t>(weights.out_channels + 1) * sizeof(ChannelPlan);
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
    if (!fast) plan[first].indices_and_shift = 0;
  }
  plan[channel].indices_and_shift = 0;
  return {&w, &params, narrow, bias, static_cast<const uint32_t*>(memory)};
}

void RunSparseTile(const SparseTiles& tiles, const uint32_t* tile, int32_t count, int8_t* output) {
  const BlockTile block_tile = {tiles, tile, output};
  const RowKernel kernel = ChooseKernel(tiles);
  if (kernel.run == nullptr || count < kernel.lanes) {
    RunLanes(block_tile, nullptr, 0, count);
    return;
  }
  // The last lanes may run twice: cheaper than running them one by one.
  for (int32_t lane = 0; lane < count; lane += kernel.lanes) {
    const int32_t last = count - kernel.lanes;
    RunLanes(block_tile, kernel.run, lane < last ? lane : last, kernel.lanes);
  }
}

}  // namespace kws
