// Blocks of four input channels of one, two or four output channels, against eight positions.
// Output channels are taken one after the other: two at a time would share the columns, but do not
// fit the registers.
#include "custom_ops/kernels/sparse_conv2d_block_eight_lanes.h"
#include "custom_ops/kernels/sparse_conv2d_block_rows.h"
#include "custom_ops/kernels/sparse_conv2d_block_twin.h"

namespace kws {
#if KWS_DSP_NATIVE
namespace {

// clang-format off
#define RUN_ROWS(LOAD_INDEX, INDEX_BYTES, LOAD_VALUES, PLAN_STEP, OUTPUT_STEP)                 \
  asm(KWS_EIGHT_LANE_ROWS(LOAD_INDEX, INDEX_BYTES, "6", PLAN_STEP, OUTPUT_STEP,                \
      LOAD_VALUES                                                                              \
      KWS_LOAD("r1", 1)                                                                        \
      "sxtb16 r2, r3\n"                                                                        \
      KWS_LOAD("r0", 2)                                                                        \
      KWS_EIGHT_FIRST_MACS("r2", KWS_LOAD("r1", 3), KWS_LOAD("r0", 4), KWS_LOAD("r1", 5),      \
                           KWS_LOAD("r0", 6), KWS_LOAD("r1", 7), KWS_LOAD("r0", 0),            \
                           KWS_LOAD("r1", 9), KWS_LOAD("r0", 8)),                              \
      ".balign 8\n"                                                                            \
      "2:\n"                                                                                   \
      LOAD_VALUES                                                                              \
      "ldr r1, " KWS_LAST "\n"                                                                 \
      "sxtb16 r2, r3\n"                                                                        \
      KWS_LOAD("r0", 0)                                                                        \
      "cmp lr, r1\n"                                                                           \
      KWS_LOAD("r1", 1)                                                                        \
      KWS_EIGHT_MACS("r2", KWS_LOAD("r0", 2), KWS_LOAD("r1", 3), KWS_LOAD("r0", 4),            \
                     KWS_LOAD("r1", 5), KWS_LOAD("r0", 6), KWS_LOAD("r1", 7),                  \
                     KWS_LOAD("r0", 8), KWS_LOAD("r1", 9))                                     \
      "5:\n"                                                                                   \
      "sxtb16 r3, r3, ror #8\n"                                                                \
      LOAD_INDEX " r2, [lr], #" INDEX_BYTES "\n"                                               \
      KWS_EIGHT_MACS("r3", KWS_LOAD("r0", 10), KWS_LOAD("r1", 11), KWS_LOAD("r0", 12),         \
                     KWS_LOAD("r1", 13), KWS_LOAD("r0", 14), KWS_LOAD("r1", 15),               \
                     "ldr r12, " KWS_TILE "\n", "ldr r0, " KWS_VALUES_ORIGIN "\n")             \
      "add r12, r12, r2, lsl #6\n"                                                             \
      "bne 2b\n"))

[[gnu::naked, gnu::noipa]] const ChannelPlan* Run1x4(const BlockFrame*) {
  RUN_ROWS("ldrb", "1", "ldr r3, [r0, lr, lsl #2]\n", "16", "1");
}

// With indices of two bytes.
[[gnu::naked, gnu::noipa]] const ChannelPlan* Run1x4Wide(const BlockFrame*) {
  RUN_ROWS("ldrh", "2", "ldr r3, [r0, lr, lsl #1]\n", "16", "1");
}

[[gnu::naked, gnu::noipa]] const ChannelPlan* Run2x4(const BlockFrame*) {
  RUN_ROWS("ldrb", "1", "ldr r3, [r0, lr, lsl #3]\n", "32", "2");
}

[[gnu::naked, gnu::noipa]] const ChannelPlan* Run2x4Wide(const BlockFrame*) {
  RUN_ROWS("ldrh", "2", "ldr r3, [r0, lr, lsl #2]\n", "32", "2");
}

[[gnu::naked, gnu::noipa]] const ChannelPlan* Run4x4(const BlockFrame*) {
  RUN_ROWS("ldrb", "1", "add r0, r0, lr, lsl #4\n ldr r3, [r0]\n", "64", "4");
}

[[gnu::naked, gnu::noipa]] const ChannelPlan* Run4x4Wide(const BlockFrame*) {
  RUN_ROWS("ldrh", "2", "ldr r3, [r0, lr, lsl #3]\n", "64", "4");
}
// clang-format on

}  // namespace

int32_t RunRows1x4(const BlockTile& tile, int32_t lane, int32_t row) {
  return RunFrames(tile.layer.weights->index_bytes == 1 ? Run1x4 : Run1x4Wide, tile, lane, row);
}

int32_t RunRows2x4(const BlockTile& tile, int32_t lane, int32_t row) {
  return RunFrames(tile.layer.weights->index_bytes == 1 ? Run2x4 : Run2x4Wide, tile, lane, row);
}

int32_t RunRows4x4(const BlockTile& tile, int32_t lane, int32_t row) {
  return RunFrames(tile.layer.weights->index_bytes == 1 ? Run4x4 : Run4x4Wide, tile, lane, row);
}
#else
int32_t RunRows1x4(const BlockTile& tile, int32_t lane, int32_t row) {
  return RunRowsTwin<1, 4, 8>(tile, lane, row);
}

int32_t RunRows2x4(const BlockTile& tile, int32_t lane, int32_t row) {
  return RunRowsTwin<2, 4, 8>(tile, lane, row);
}

int32_t RunRows4x4(const BlockTile& tile, int32_t lane, int32_t row) {
  return RunRowsTwin<4, 4, 8>(tile, lane, row);
}
#endif

}  // namespace kws
