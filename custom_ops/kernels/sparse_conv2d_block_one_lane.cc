// Blocks of four input channels against a single position: what remains of an image after tiles of
// eight.
#include "custom_ops/kernels/sparse_conv2d_block_frame.h"
#include "custom_ops/kernels/sparse_conv2d_block_rows.h"
#include "custom_ops/kernels/sparse_conv2d_block_twin.h"

namespace kws {
#if KWS_DSP_NATIVE
namespace {

// Registers: r4 the sum; r0, r1 columns, r3 weights, r6, r7 pairs of them, r2 the index of the next
// block, lr behind it, r8 the block in the tile, r12 the tile, r5 values origin, r9 behind the
// row's last index, r10 plan, r11 output.
//
// clang-format off
#define RUN_ROWS(LOAD_VALUES, PLAN_STEP, OUTPUT_STEP)        \
  asm(KWS_ENTER_FRAME                                        \
      "ldr r10, " KWS_PLAN "\n"                              \
      "ldr lr, " KWS_INDICES "\n"                            \
      "ldr r11, " KWS_OUTPUT "\n"                            \
      "ldr r12, " KWS_TILE "\n"                              \
      "ldr r5, " KWS_VALUES_ORIGIN "\n"                      \
      "ldr r3, [r10, #12]\n"                                 \
      "ldrb r2, [lr, #-1]\n"                                 \
      "1:\n"                                                 \
      "ldr r4, [r10]\n"                                      \
      "tst r3, #255\n"                                       \
      "beq 9f\n"                                             \
      "asrs r9, r3, #8\n"                                    \
      "bmi 3f\n"                                             \
      "add r8, r12, r2, lsl #6\n"                            \
      "add r9, r9, lr\n"                                     \
      ".balign 8\n"                                          \
      "2:\n"                                                 \
      LOAD_VALUES                                            \
      "ldr r0, [r8]\n"                                       \
      "cmp lr, r9\n"                                         \
      "ldr r1, [r8, #32]\n"                                  \
      "sxtb16 r6, r3\n"                                      \
      "ldrb r2, [lr], #1\n"                                  \
      "sxtb16 r7, r3, ror #8\n"                              \
      "smlad r4, r0, r6, r4\n"                               \
      "smlad r4, r1, r7, r4\n"                               \
      "add r8, r12, r2, lsl #6\n"                            \
      "bne 2b\n"                                             \
      "3:\n"                                                 \
      "ldr r1, [r10, #8]\n"                                  \
      "ldr r0, [r10, #4]\n"                                  \
      "ldr r6, [r10, #12]\n"                                 \
      "add r1, r1, r4, asr #31\n"                            \
      "smmlar r4, r4, r0, r1\n"                              \
      "ldr r3, [r10, #12 + " PLAN_STEP "]\n"                 \
      "ldrb r2, [lr, #-1]\n"                                 \
      "add r10, #" PLAN_STEP "\n"                            \
      "asr r4, r4, r6\n"                                     \
      "ssat r4, #8, r4\n"                                    \
      "strb r4, [r11], #" OUTPUT_STEP "\n"                   \
      "b 1b\n"                                               \
      "9:\n"                                                 \
      "str r10, " KWS_PLAN "\n"                              \
      KWS_LEAVE_FRAME)

[[gnu::naked, gnu::noipa]] const ChannelPlan* Run1x4(const BlockFrame*) {
  RUN_ROWS("ldr r3, [r5, lr, lsl #2]\n", "16", "1");
}

[[gnu::naked, gnu::noipa]] const ChannelPlan* Run2x4(const BlockFrame*) {
  RUN_ROWS("ldr r3, [r5, lr, lsl #3]\n", "32", "2");
}

[[gnu::naked, gnu::noipa]] const ChannelPlan* Run4x4(const BlockFrame*) {
  RUN_ROWS("add r3, r5, lr, lsl #4\n ldr r3, [r3]\n", "64", "4");
}
// clang-format on

}  // namespace

int32_t RunRowsOneLane(const BlockTile& tile, int32_t lane, int32_t row) {
  const int32_t block_out = tile.layer.weights->block_out;
  return RunFrames(block_out == 1 ? Run1x4 : (block_out == 2 ? Run2x4 : Run4x4), tile, lane, row);
}
#else
int32_t RunRowsOneLane(const BlockTile& tile, int32_t lane, int32_t row) {
  switch (tile.layer.weights->block_out) {
    case 1:
      return RunRowsTwin<1, 4, 1>(tile, lane, row);
    case 2:
      return RunRowsTwin<2, 4, 1>(tile, lane, row);
    default:
      return RunRowsTwin<4, 4, 1>(tile, lane, row);
  }
}
#endif

}  // namespace kws
