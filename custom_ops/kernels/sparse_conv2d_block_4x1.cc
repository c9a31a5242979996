// Blocks of four output channels of one input channel, against two positions: a column of the tile
// is one word, which meets eight half-words of weights and sums.
#include "custom_ops/kernels/sparse_conv2d_block_frame.h"
#include "custom_ops/kernels/sparse_conv2d_block_rows.h"
#include "custom_ops/kernels/sparse_conv2d_block_twin.h"

namespace kws {
#if KWS_DSP_NATIVE
namespace {

// Registers: r4, r5 the sums of channel 0, r6, r7 of channel 1, r8, r9 of 2, r10, r11 of 3, a lane
// each. In the loop r0 is the column, r2 the weights of channels 0 and 2, r3 those of 1 and 3, lr
// the index behind the block's.
//
// clang-format off
#define FIRST(sum, w, half) "smlab" half " " sum ", r0, " w ", " sum "\n"
#define SECOND(sum, w, half) "smlat" half " " sum ", r0, " w ", " sum "\n"
#define SIGN(sum) "add r12, r1, " sum ", asr #31\n"
#define SCALE(sum) "smmlar " sum ", " sum ", r2, r12\n"
#define SHIFT(sum) "asr " sum ", " sum ", r3\n"
#define CLAMP(sum) "ssat " sum ", #8, " sum "\n"

// The two sums of one channel; r0 = plan, lr = output. The first lane is stored last: with a stride
// of 0 it replaces the second. The next channel's constants come meanwhile, from NEXT on.
#define STORE_CHANNEL(first, second, NEXT)                                       \
  SIGN(second) SCALE(second)                                                     \
  SIGN(first) SCALE(first)                                                       \
  "ldr r12, " KWS_STRIDE "\n"                                                    \
  SHIFT(second) SHIFT(first)                                                     \
  "ldr r1, [r0, #" NEXT " + 8]\n"                                                \
  CLAMP(second)                                                                  \
  "ldr r2, [r0, #" NEXT " + 4]\n"                                                \
  CLAMP(first)                                                                   \
  "strb " second ", [lr, r12]\n"                                                 \
  "ldr r3, [r0, #" NEXT " + 12]\n"                                               \
  "strb " first ", [lr], #1\n"

#define RUN_ROWS(LOAD_INDEX, INDEX_BYTES, BYTES_SHIFT)                           \
  asm(KWS_ENTER_FRAME                                                            \
      "ldr r0, " KWS_PLAN "\n"                                                   \
      "ldr lr, " KWS_INDICES "\n"                                                \
      "ldr r3, [r0, #12]\n"                                                      \
      "1:\n" /* a row: r0 = plan, r3 its last word */                            \
      LOAD_INDEX " r1, [lr, #-" INDEX_BYTES "]\n"                                \
      "ldr r4, [r0]\n"                                                           \
      "tst r3, #255\n"                                                           \
      "ldr r6, [r0, #16]\n"                                                      \
      "beq 9f\n"                                                                 \
      "ldr r8, [r0, #32]\n"                                                      \
      "asrs r3, r3, #8\n"                                                        \
      "ldr r10, [r0, #48]\n"                                                     \
      "mov r5, r4\n"                                                             \
      "mov r7, r6\n"                                                             \
      "mov r9, r8\n"                                                             \
      "mov r11, r10\n"                                                           \
      "bmi 3f\n"                                                                 \
      "add r3, r3, lr\n"                                                         \
      "ldr r12, " KWS_TILE "\n"                                                  \
      "str r3, " KWS_LAST "\n"                                                   \
      "ldr r0, " KWS_VALUES_ORIGIN "\n"                                          \
      "add r1, r12, r1, lsl #4\n"                                                \
      "ldr r2, [r0, lr, lsl #" BYTES_SHIFT "]\n"                                 \
      ".balign 8\n"                                                              \
      "2:\n" /* r1 = the column's address, r2 = four weights, r12 = tile */      \
      "sxtb16 r3, r2, ror #8\n"                                                  \
      "ldr r0, [r1]\n"                                                           \
      "sxtb16 r2, r2\n"                                                          \
      "ldr r1, " KWS_LAST "\n"                                                   \
      FIRST("r4", "r2", "b")                                                     \
      "cmp lr, r1\n"                                                             \
      LOAD_INDEX " r1, [lr], #" INDEX_BYTES "\n"                                 \
      SECOND("r5", "r2", "b")                                                    \
      FIRST("r8", "r2", "t")                                                     \
      SECOND("r9", "r2", "t")                                                    \
      "ldr r2, " KWS_VALUES_ORIGIN "\n"                                          \
      FIRST("r6", "r3", "b")                                                     \
      "add r1, r12, r1, lsl #4\n"                                                \
      SECOND("r7", "r3", "b")                                                    \
      "it ne\n" /* nothing is behind the last block */                           \
      "ldrne r2, [r2, lr, lsl #" BYTES_SHIFT "]\n"                               \
      FIRST("r10", "r3", "t")                                                    \
      SECOND("r11", "r3", "t")                                                   \
      "bne 2b\n"                                                                 \
      "3:\n"                                                                     \
      "ldr r0, " KWS_PLAN "\n"                                                   \
      "str lr, " KWS_INDICES "\n"                                                \
      "ldr lr, " KWS_OUTPUT "\n"                                                 \
      "ldr r1, [r0, #8]\n"                                                       \
      "ldr r2, [r0, #4]\n"                                                       \
      "ldr r3, [r0, #12]\n"                                                      \
      STORE_CHANNEL("r4", "r5", "16")                                            \
      STORE_CHANNEL("r6", "r7", "32")                                            \
      STORE_CHANNEL("r8", "r9", "48")                                            \
      STORE_CHANNEL("r10", "r11", "64") /* the next row's first: r3 */           \
      "str lr, " KWS_OUTPUT "\n"                                                 \
      "ldr lr, " KWS_INDICES "\n"                                                \
      "add r0, #64\n"                                                            \
      "str r0, " KWS_PLAN "\n"                                                   \
      "b 1b\n"                                                                   \
      "9:\n"                                                                     \
      KWS_LEAVE_FRAME)

[[gnu::naked, gnu::noipa]] const ChannelPlan* Run4x1(const BlockFrame*) {
  RUN_ROWS("ldrb", "1", "2");
}

// With indices of two bytes.
[[gnu::naked, gnu::noipa]] const ChannelPlan* Run4x1Wide(const BlockFrame*) {
  RUN_ROWS("ldrh", "2", "1");
}
// clang-format on

}  // namespace

int32_t RunRows4x1(const BlockTile& tile, int32_t lane, int32_t row) {
  const int16_t* first_lane = reinterpret_cast<const int16_t*>(tile.words) + lane;
  BlockFrame frame =
      MakeBlockFrame(tile, reinterpret_cast<const uint32_t*>(first_lane), lane, row, 0);
  if (lane + 1 == tile.count) frame.stride = 0;
  const ChannelPlan* left =
      tile.layer.weights->index_bytes == 1 ? Run4x1(&frame) : Run4x1Wide(&frame);
  return row + static_cast<int32_t>(left - frame.plan) / 4;
}
#else
int32_t RunRows4x1(const BlockTile& tile, int32_t lane, int32_t row) {
  return lane + 1 == tile.count ? RunRowsTwin<4, 1, 1>(tile, lane, row)
                                : RunRowsTwin<4, 1, 2>(tile, lane, row);
}
#endif

}  // namespace kws
