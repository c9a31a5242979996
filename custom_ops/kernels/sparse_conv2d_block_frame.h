// What the row kernels in assembly work on. They copy it to their stack, where they keep what 14
// registers do not hold.
#ifndef CUSTOM_OPS_KERNELS_SPARSE_CONV2D_BLOCK_FRAME_H_
#define CUSTOM_OPS_KERNELS_SPARSE_CONV2D_BLOCK_FRAME_H_

#include <cstddef>

#include "custom_ops/kernels/dsp.h"
#include "custom_ops/kernels/sparse_conv2d_block_rows.h"

#if KWS_DSP_NATIVE
namespace kws {

struct BlockFrame {
  const uint32_t* tile;  // of the first lane
  // Kernels read one index ahead: once a block's index is read, the pointer behind it and this give
  // the block's values, at values_origin + pointer * (bytes of values per byte of indices).
  uint32_t values_origin;
  const ChannelPlan* plan;  // of the row
  int8_t* output;           // of the row and the first lane
  int32_t stride;           // out_channels
  const uint8_t* indices;   // behind the first of the row
  const uint8_t* last;      // behind the last of the row; set by the kernel
};
static_assert(sizeof(BlockFrame) == 28, "the assembly knows the offsets");

// For row `row_in_block` of the blocks of `row`; kernels that take all of a block's rows start with
// 0.
inline BlockFrame MakeBlockFrame(const BlockTile& tile, const uint32_t* first_lane, int32_t lane,
                                 int32_t row, int32_t row_in_block) {
  const BlockSparseConv& w = *tile.layer.weights;
  const ChannelPlan* plan = reinterpret_cast<const ChannelPlan*>(tile.layer.plan);
  const int32_t channel = row * w.block_out + row_in_block;
  const uint32_t bytes_per_block = static_cast<uint32_t>(w.block_out * w.block_in);
  const uint32_t index_bytes = static_cast<uint32_t>(w.index_bytes);
  const uint32_t values = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(w.values));
  const uint32_t indices = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(w.indices));
  return {first_lane,
          values + static_cast<uint32_t>(row_in_block * w.block_in) -
              (indices + index_bytes) / index_bytes * bytes_per_block,
          plan + channel,
          tile.output + lane * w.out_channels + channel,
          w.out_channels,
          w.indices + (w.row_offsets[row] + 1) * index_bytes,
          nullptr};
}

// A kernel in assembly; returns the plan of the first row that it left.
using RunFrameFn = const ChannelPlan* (*)(const BlockFrame*);

// Runs a kernel that takes one row of the blocks at a time; returns as RunRowsFn does.
inline int32_t RunFrames(RunFrameFn run, const BlockTile& tile, int32_t lane, int32_t row) {
  const int32_t block_out = tile.layer.weights->block_out;
  int32_t done = 0;
  for (int32_t r = 0; r < block_out; ++r) {
    const BlockFrame frame = MakeBlockFrame(tile, tile.words + lane, lane, row, r);
    done = static_cast<int32_t>(run(&frame) - frame.plan) / block_out;
  }
  return row + done;
}

// Saves the registers and copies the frame that r0 points to.
#define KWS_ENTER_FRAME \
  "push {r4-r11, lr}\n" \
  "ldm r0, {r1-r7}\n"   \
  "push {r1-r7}\n"
// Returns the plan of the first row that was left.
#define KWS_LEAVE_FRAME \
  "ldr r0, " KWS_PLAN   \
  "\n"                  \
  "add sp, #28\n"       \
  "pop {r4-r11, pc}\n"
#define KWS_TILE "[sp, #0]"
#define KWS_VALUES_ORIGIN "[sp, #4]"
#define KWS_PLAN "[sp, #8]"
#define KWS_OUTPUT "[sp, #12]"
#define KWS_STRIDE "[sp, #16]"
#define KWS_INDICES "[sp, #20]"
#define KWS_LAST "[sp, #24]"

}  // namespace kws
#endif  // KWS_DSP_NATIVE

#endif  // CUSTOM_OPS_KERNELS_SPARSE_CONV2D_BLOCK_FRAME_H_
