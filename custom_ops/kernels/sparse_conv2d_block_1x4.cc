// Blocks of four input channels of one output channel, against eight positions.
#include "custom_ops/kernels/sparse_conv2d_block_frame.h"
#include "custom_ops/kernels/sparse_conv2d_block_rows.h"
#include "custom_ops/kernels/sparse_conv2d_block_twin.h"

namespace kws {
#if KWS_DSP_NATIVE
namespace {

// Registers: r4 to r11 the sums of the eight lanes; in the loop r0, r1 columns in flight, r2, r3
// weights, r12 the block in the tile, lr the index behind the block's. A column is loaded two
// cycles before it is multiplied, and each load shares a cycle with a multiplication.
//
// clang-format off
#define MAC(sum, x, weights) "smlad " sum ", " x ", " weights ", " sum "\n"
#define LOAD(x, word) "ldr " x ", [r12, #4 * " #word "]\n"
#define HALF_BLOCK(w, x2, x3, x4, x5, x6, x7, x8, x9)         \
  MAC("r4", "r0", w) x2 MAC("r5", "r1", w) x3 MAC("r6", "r0", w) x4 MAC("r7", "r1", w) x5 \
  MAC("r8", "r0", w) x6 MAC("r9", "r1", w) x7 MAC("r10", "r0", w) x8 MAC("r11", "r1", w) x9
#define SIGN(sum) "add r12, r1, " sum ", asr #31\n"
#define SCALE(sum) "smmlar " sum ", " sum ", r2, r12\n"
#define SHIFT(sum) "asr " sum ", " sum ", r3\n"
#define CLAMP(sum) "ssat " sum ", #8, " sum "\n"

#define RUN_ROWS(LOAD_INDEX, INDEX_BYTES, BYTES_SHIFT)                             \
  asm(KWS_ENTER_FRAME                                                              \
      "ldr r12, " KWS_PLAN "\n"                                                    \
      "ldr lr, " KWS_INDICES "\n"                                                  \
      "ldr r1, [r12, #12]\n"                                                       \
      "ldr r4, [r12]\n"                                                            \
      LOAD_INDEX " r2, [lr, #-" INDEX_BYTES "]\n"                                  \
      /* A row: r1 = the plan's last word, r2 = first index, r4 = bias. */         \
      "1:\n"                                                                       \
      "ldr r12, " KWS_TILE "\n"                                                    \
      "asrs r3, r1, #8\n"                                                          \
      "mov r5, r4\n"                                                               \
      "bmi 8f\n"                                                                   \
      "add r3, r3, lr\n"                                                           \
      "mov r6, r4\n"                                                               \
      "tst r1, #255\n"                                                             \
      "beq 9f\n"                                                                   \
      "add r12, r12, r2, lsl #6\n"                                                 \
      "str r3, " KWS_LAST "\n"                                                     \
      "mov r7, r4\n"                                                               \
      "ldr r0, " KWS_VALUES_ORIGIN "\n"                                            \
      "mov r8, r4\n"                                                               \
      "mov r9, r4\n"                                                               \
      "mov r10, r4\n"                                                              \
      "mov r11, r4\n"                                                              \
      ".balign 8\n"                                                                \
      "2:\n"                                                                       \
      "ldr r3, [r0, lr, lsl #" BYTES_SHIFT "]\n"                                   \
      "ldr r1, " KWS_LAST "\n"                                                     \
      "sxtb16 r2, r3\n"                                                            \
      LOAD("r0", 0)                                                                \
      "cmp lr, r1\n"                                                               \
      LOAD("r1", 1)                                                                \
      HALF_BLOCK("r2", LOAD("r0", 2), LOAD("r1", 3), LOAD("r0", 4), LOAD("r1", 5), \
                 LOAD("r0", 6), LOAD("r1", 7), LOAD("r0", 8), LOAD("r1", 9))       \
      "sxtb16 r3, r3, ror #8\n"                                                    \
      LOAD_INDEX " r2, [lr], #" INDEX_BYTES "\n"                                   \
      HALF_BLOCK("r3", LOAD("r0", 10), LOAD("r1", 11), LOAD("r0", 12), LOAD("r1", 13), \
                 LOAD("r0", 14), LOAD("r1", 15), "ldr r12, " KWS_TILE "\n",        \
                 "ldr r0, " KWS_VALUES_ORIGIN "\n")                                \
      "add r12, r12, r2, lsl #6\n"                                                 \
      "bne 2b\n"                                                                   \
      /* r0 = output, r1 = offset, r2 = multiplier, r3 = right shift */            \
      "3:\n"                                                                       \
      "ldr r12, " KWS_PLAN "\n"                                                    \
      "ldr r0, " KWS_OUTPUT "\n"                                                   \
      "ldr r1, [r12, #8]\n"                                                        \
      "ldr r2, [r12, #4]\n"                                                        \
      "ldr r3, [r12, #12]\n"                                                       \
      "add r12, #16\n"                                                             \
      "str r12, " KWS_PLAN "\n"                                                    \
      SIGN("r4") SCALE("r4")                                                       \
      SIGN("r5") SCALE("r5")                                                       \
      SIGN("r6") SCALE("r6")                                                       \
      SHIFT("r4") SIGN("r7")                                                       \
      CLAMP("r4") SCALE("r7")                                                      \
      "strb r4, [r0]\n" SHIFT("r5")                                                \
      CLAMP("r5") "ldr r4, " KWS_STRIDE "\n"                                       \
      SIGN("r8") SCALE("r8")                                                       \
      SHIFT("r6") SIGN("r9")                                                       \
      "strb r5, [r0, r4]\n" "add r5, r4, r4, lsl #1\n"                             \
      CLAMP("r6") SCALE("r9")                                                      \
      SHIFT("r7") SIGN("r10")                                                      \
      "strb r6, [r0, r4, lsl #1]\n" "add r6, r0, r5\n"                             \
      CLAMP("r7") SCALE("r10")                                                     \
      SHIFT("r8") SIGN("r11")                                                      \
      "strb r7, [r6]\n" "add r7, r0, r5, lsl #1\n"                                 \
      CLAMP("r8") SCALE("r11")                                                     \
      SHIFT("r9") "ldr r12, " KWS_PLAN "\n"                                        \
      "strb r8, [r0, r4, lsl #2]\n" "add r0, #1\n"                                 \
      CLAMP("r9") LOAD_INDEX " r2, [lr, #-" INDEX_BYTES "]\n"                      \
      SHIFT("r10") "ldr r1, [r12, #12]\n"                                          \
      "strb r9, [r6, r4, lsl #1]\n" SHIFT("r11")                                   \
      CLAMP("r10") "str r0, " KWS_OUTPUT "\n"                                      \
      CLAMP("r11") "strb r10, [r7]\n"                                              \
      "strb r11, [r6, r4, lsl #2]\n"                                               \
      "ldr r4, [r12]\n"                                                            \
      "b 1b\n"                                                                     \
      "8:\n"                                                                       \
      "tst r1, #255\n"                                                             \
      "beq 9f\n"                                                                   \
      "mov r6, r4\n"                                                               \
      "mov r7, r4\n"                                                               \
      "mov r8, r4\n"                                                               \
      "mov r9, r4\n"                                                               \
      "mov r10, r4\n"                                                              \
      "mov r11, r4\n"                                                              \
      "b 3b\n"                                                                     \
      "9:\n"                                                                       \
      KWS_LEAVE_FRAME)

[[gnu::naked, gnu::noipa]] const ChannelPlan* RunRows(const BlockFrame*) {
  RUN_ROWS("ldrb", "1", "2");
}

[[gnu::naked, gnu::noipa]] const ChannelPlan* RunRowsOfHalves(const BlockFrame*) {
  RUN_ROWS("ldrh", "2", "1");
}
// clang-format on

}  // namespace

int32_t RunRows1x4(const BlockTile& tile, int32_t lane, int32_t row) {
  const BlockSparseConv& w = *tile.layer.weights;
  // Without a block there is no index to read ahead.
  if (w.n_blocks == 0) return RunRowsTwin<1, 4, 8>(tile, lane, row);
  const BlockFrame frame = MakeBlockFrame(tile, tile.words + lane, lane, row);
  const ChannelPlan* left = w.index_bytes == 1 ? RunRows(&frame) : RunRowsOfHalves(&frame);
  return row + static_cast<int32_t>(left - frame.plan);
}
#else
int32_t RunRows1x4(const BlockTile& tile, int32_t lane, int32_t row) {
  return RunRowsTwin<1, 4, 8>(tile, lane, row);
}
#endif

}  // namespace kws
