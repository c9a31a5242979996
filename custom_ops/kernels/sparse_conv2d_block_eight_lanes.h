// The parts in assembly that row kernels for eight lanes and one output channel share.
//
// r4 to r11 are the sums of the eight lanes. In the loop over blocks r0 and r1 are columns in
// flight, r2 and r3 weights, r12 the block in the tile, lr the index behind the block's. A column
// is loaded two cycles before it is multiplied, and each load shares a cycle with a multiplication.
#ifndef CUSTOM_OPS_KERNELS_SPARSE_CONV2D_BLOCK_EIGHT_LANES_H_
#define CUSTOM_OPS_KERNELS_SPARSE_CONV2D_BLOCK_EIGHT_LANES_H_

#include "custom_ops/kernels/sparse_conv2d_block_frame.h"

// clang-format off
#define KWS_MAC(sum, x, weights) "smlad " sum ", " x ", " weights ", " sum "\n"
#define KWS_LOAD(x, word) "ldr " x ", [r12, #4 * " #word "]\n"

// One word of weights against the eight words of columns that r0, r1 and the loads give.
#define KWS_EIGHT_MACS(w, x2, x3, x4, x5, x6, x7, x8, x9)                                      \
  KWS_MAC("r4", "r0", w) x2 KWS_MAC("r5", "r1", w) x3 KWS_MAC("r6", "r0", w) x4                \
  KWS_MAC("r7", "r1", w) x5 KWS_MAC("r8", "r0", w) x6 KWS_MAC("r9", "r1", w) x7                \
  KWS_MAC("r10", "r0", w) x8 KWS_MAC("r11", "r1", w) x9

// The same for the first block of a row: the bias in r4 is what all sums start with. Columns come
// from lane 1 on, lane 0 last: r1, r0, r1, ...
#define KWS_EIGHT_FIRST_MACS(w, x3, x4, x5, x6, x7, x0, y1, y0)                                \
  "smlad r5, r1, " w ", r4\n" x3 "smlad r6, r0, " w ", r4\n" x4                                \
  "smlad r7, r1, " w ", r4\n" x5 "smlad r8, r0, " w ", r4\n" x6                                \
  "smlad r9, r1, " w ", r4\n" x7 "smlad r10, r0, " w ", r4\n" x0                               \
  "smlad r11, r1, " w ", r4\n" y1 "smlad r4, r0, " w ", r4\n" y0

// FastRequantizer in four instructions: r1 = offset, r2 = multiplier, r3 = right shift.
#define KWS_SIGN(sum) "add r12, r1, " sum ", asr #31\n"
#define KWS_SCALE(sum) "smmlar " sum ", " sum ", r2, r12\n"
#define KWS_SHIFT(sum) "asr " sum ", " sum ", r3\n"
#define KWS_CLAMP(sum) "ssat " sum ", #8, " sum "\n"

// The rows. A block is 2^COLUMN_SHIFT bytes of the tile. LOOP is the loop over blocks: at its label
// 2 r0 = values origin and r12 = the block; from its label 5 on it does what FIRST has left to do
// of the first block. FIRST begins like LOOP, but with the flags of the comparison that ends the loop.
#define KWS_EIGHT_LANE_ROWS(LOAD_INDEX, INDEX_BYTES, COLUMN_SHIFT, PLAN_STEP, OUTPUT_STEP,      \
                            FIRST, LOOP)                                                       \
  KWS_ENTER_FRAME                                                                              \
  "ldr r12, " KWS_PLAN "\n"                                                                    \
  "ldr lr, " KWS_INDICES "\n"                                                                  \
  "ldr r1, [r12, #12]\n"                                                                       \
  "ldr r4, [r12]\n"                                                                            \
  LOAD_INDEX " r2, [lr, #-" INDEX_BYTES "]\n"                                                  \
  /* A row: r1 = the plan's last word, r2 = its first index, r4 = bias. */                     \
  "1:\n"                                                                                       \
  "ldr r12, " KWS_TILE "\n"                                                                    \
  "asrs r3, r1, #8\n"                                                                          \
  "bmi 8f\n"                                                                                   \
  "ldr r0, " KWS_VALUES_ORIGIN "\n"                                                            \
  "add r12, r12, r2, lsl #" COLUMN_SHIFT "\n"                                                  \
  "add r3, r3, lr\n"                                                                           \
  "str r3, " KWS_LAST "\n"                                                                     \
  "cmp lr, r3\n"                                                                               \
  FIRST                                                                                        \
  "b 5f\n"                                                                                     \
  LOOP                                                                                         \
  /* Scale and store: r0 = output. */                                                          \
  "3:\n"                                                                                       \
  "ldr r12, " KWS_PLAN "\n"                                                                    \
  "ldr r0, " KWS_OUTPUT "\n"                                                                   \
  "ldr r1, [r12, #8]\n"                                                                        \
  "ldr r2, [r12, #4]\n"                                                                        \
  "ldr r3, [r12, #12]\n"                                                                       \
  "add r12, #" PLAN_STEP "\n"                                                                  \
  "str r12, " KWS_PLAN "\n"                                                                    \
  KWS_SIGN("r4") KWS_SCALE("r4")                                                               \
  KWS_SIGN("r5") KWS_SCALE("r5")                                                               \
  KWS_SIGN("r6") KWS_SCALE("r6")                                                               \
  KWS_SHIFT("r4") KWS_SIGN("r7")                                                               \
  KWS_CLAMP("r4") KWS_SCALE("r7")                                                              \
  "strb r4, [r0]\n" KWS_SHIFT("r5")                                                            \
  KWS_CLAMP("r5") "ldr r4, " KWS_STRIDE "\n"                                                   \
  KWS_SIGN("r8") KWS_SCALE("r8")                                                               \
  KWS_SHIFT("r6") KWS_SIGN("r9")                                                               \
  "strb r5, [r0, r4]\n" "add r5, r4, r4, lsl #1\n"                                             \
  KWS_CLAMP("r6") KWS_SCALE("r9")                                                              \
  KWS_SHIFT("r7") KWS_SIGN("r10")                                                              \
  "strb r6, [r0, r4, lsl #1]\n" "add r6, r0, r5\n"                                             \
  KWS_CLAMP("r7") KWS_SCALE("r10")                                                             \
  KWS_SHIFT("r8") KWS_SIGN("r11")                                                              \
  "strb r7, [r6]\n" "add r7, r0, r5, lsl #1\n"                                                 \
  KWS_CLAMP("r8") KWS_SCALE("r11")                                                             \
  KWS_SHIFT("r9") "ldr r12, " KWS_PLAN "\n"                                                    \
  "strb r8, [r0, r4, lsl #2]\n" "add r0, #" OUTPUT_STEP "\n"                                   \
  KWS_CLAMP("r9") LOAD_INDEX " r2, [lr, #-" INDEX_BYTES "]\n"                                  \
  KWS_SHIFT("r10") "ldr r1, [r12, #12]\n"                                                      \
  "strb r9, [r6, r4, lsl #1]\n" KWS_SHIFT("r11")                                               \
  KWS_CLAMP("r10") "str r0, " KWS_OUTPUT "\n"                                                  \
  KWS_CLAMP("r11") "strb r10, [r7]\n"                                                          \
  "strb r11, [r6, r4, lsl #2]\n"                                                               \
  "ldr r4, [r12]\n"                                                                            \
  "b 1b\n"                                                                                     \
  /* An empty row. */                                                                          \
  "8:\n"                                                                                       \
  "tst r1, #255\n"                                                                             \
  "beq 9f\n"                                                                                   \
  "mov r5, r4\n"                                                                               \
  "mov r6, r4\n"                                                                               \
  "mov r7, r4\n"                                                                               \
  "mov r8, r4\n"                                                                               \
  "mov r9, r4\n"                                                                               \
  "mov r10, r4\n"                                                                              \
  "mov r11, r4\n"                                                                              \
  "b 3b\n"                                                                                     \
  "9:\n"                                                                                       \
  KWS_LEAVE_FRAME
// clang-format on

#endif  // CUSTOM_OPS_KERNELS_SPARSE_CONV2D_BLOCK_EIGHT_LANES_H_
