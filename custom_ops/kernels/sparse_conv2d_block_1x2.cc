// Blocks of two input channels of one or two output channels, against eight positions. Output
// channels are taken one after the other.
#include "custom_ops/kernels/sparse_conv2d_block_eight_lanes.h"
#include "custom_ops/kernels/sparse_conv2d_block_rows.h"
#include "custom_ops/kernels/sparse_conv2d_block_twin.h"

namespace kws {
#if KWS_DSP_NATIVE
namespace {

// clang-format off
#define RUN_ROWS(LOAD_INDEX, INDEX_BYTES, LOAD_VALUES, PLAN_STEP, OUTPUT_STEP)                 \
  asm(KWS_EIGHT_LANE_ROWS(LOAD_INDEX, INDEX_BYTES, "5", PLAN_STEP, OUTPUT_STEP, \
      LOAD_VALUES                                                                              \
      LOAD_INDEX " r2, [lr], #" INDEX_BYTES "\n"                                               \
      KWS_LOAD("r1", 1)                                                                        \
      "orr r3, r3, r3, lsl #8\n"                                                               \
      KWS_LOAD("r0", 2)                                                                        \
      "sxtb16 r3, r3\n"                                                                        \
      KWS_EIGHT_FIRST_MACS("r3", KWS_LOAD("r1", 3), KWS_LOAD("r0", 4), KWS_LOAD("r1", 5),      \
                           KWS_LOAD("r0", 6), KWS_LOAD("r1", 7), KWS_LOAD("r0", 0),            \
                           "ldr r12, " KWS_TILE "\n", "ldr r0, " KWS_VALUES_ORIGIN "\n"),      \
      ".balign 8\n"                                                                            \
      "2:\n"                                                                                   \
      LOAD_VALUES                                                                              \
      "ldr r1, " KWS_LAST "\n"                                                                 \
      KWS_LOAD("r0", 0)                                                                        \
      "cmp lr, r1\n"                                                                           \
      "orr r3, r3, r3, lsl #8\n"                                                               \
      KWS_LOAD("r1", 1)                                                                        \
      "sxtb16 r3, r3\n"                                                                        \
      LOAD_INDEX " r2, [lr], #" INDEX_BYTES "\n"                                               \
      KWS_EIGHT_MACS("r3", KWS_LOAD("r0", 2), KWS_LOAD("r1", 3), KWS_LOAD("r0", 4),            \
                     KWS_LOAD("r1", 5), KWS_LOAD("r0", 6), KWS_LOAD("r1", 7),                  \
                     "ldr r12, " KWS_TILE "\n", "ldr r0, " KWS_VALUES_ORIGIN "\n")             \
      "5:\n"                                                                                   \
      "add r12, r12, r2, lsl #5\n"                                                             \
      "bne 2b\n"))

[[gnu::naked, gnu::noipa]] const ChannelPlan* Run1x2(const BlockFrame*) {
  RUN_ROWS("ldrb", "1", "ldrh r3, [r0, lr, lsl #1]\n", "16", "1");
}

// With indices of two bytes.
[[gnu::naked, gnu::noipa]] const ChannelPlan* Run1x2Wide(const BlockFrame*) {
  RUN_ROWS("ldrh", "2", "ldrh r3, [r0, lr]\n", "16", "1");
}

[[gnu::naked, gnu::noipa]] const ChannelPlan* Run2x2(const BlockFrame*) {
  RUN_ROWS("ldrb", "1", "ldrh r3, [r0, lr, lsl #2]\n", "32", "2");
}

[[gnu::naked, gnu::noipa]] const ChannelPlan* Run2x2Wide(const BlockFrame*) {
  RUN_ROWS("ldrh", "2", "ldrh r3, [r0, lr, lsl #1]\n", "32", "2");
}
// clang-format on

}  // namespace

int32_t RunRows1x2(const BlockTile& tile, int32_t lane, int32_t row) {
  return RunFrames(tile.layer.weights->index_bytes == 1 ? Run1x2 : Run1x2Wide, tile, lane, row);
}

int32_t RunRows2x2(const BlockTile& tile, int32_t lane, int32_t row) {
  return RunFrames(tile.layer.weights->index_bytes == 1 ? Run2x2 : Run2x2Wide, tile, lane, row);
}
#else
int32_t RunRows1x2(const BlockTile& tile, int32_t lane, int32_t row) {
  return RunRowsTwin<1, 2, 8>(tile, lane, row);
}

int32_t RunRows2x2(const BlockTile& tile, int32_t lane, int32_t row) {
  return RunRowsTwin<2, 2, 8>(tile, lane, row);
}
#endif

}  // namespace kws
