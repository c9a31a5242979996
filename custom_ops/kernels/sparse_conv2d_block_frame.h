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
  // A block's index is at index_origin + values / bytes of values per byte of index: indices need
  // no pointer of their own.
  uint32_t index_origin;
  const ChannelPlan* plan;   // of the row
  int8_t* output;            // of the row and the first lane
  int32_t stride;            // out_channels
  const int8_t* values;      // of the row
  const int8_t* values_end;  // of the row; set by the kernel
};
static_assert(sizeof(BlockFrame) == 28, "the assembly knows the offsets");

// `log2_bytes`: bytes of values per byte of index are 2^log2_bytes.
inline BlockFrame MakeBlockFrame(const BlockTile& tile, const uint32_t* first_lane, int32_t lane,
                                 int32_t row, int32_t log2_bytes) {
  const BlockSparseConv& w = *tile.layer.weights;
  const ChannelPlan* plan = reinterpret_cast<const ChannelPlan*>(tile.layer.plan);
  const uint32_t values = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(w.values));
  const uint32_t indices = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(w.indices));
  const int32_t channel = row * w.block_out;
  return {first_lane,
          indices - (values >> log2_bytes),
          plan + channel,
          tile.output + lane * w.out_channels + channel,
          w.out_channels,
          w.values + w.row_offsets[row] * static_cast<uint32_t>(w.block_out * w.block_in),
          nullptr};
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
#define KWS_INDEX_ORIGIN "[sp, #4]"
#define KWS_PLAN "[sp, #8]"
#define KWS_OUTPUT "[sp, #12]"
#define KWS_STRIDE "[sp, #16]"
#define KWS_VALUES "[sp, #20]"
#define KWS_VALUES_END "[sp, #24]"

}  // namespace kws
#endif  // KWS_DSP_NATIVE

#endif  // CUSTOM_OPS_KERNELS_SPARSE_CONV2D_BLOCK_FRAME_H_
