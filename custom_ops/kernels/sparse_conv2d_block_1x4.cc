// Blocks of four input channels of one output channel, against eight positions.
#include "custom_ops/kernels/sparse_conv2d_block_frame.h"
#include "custom_ops/kernels/sparse_conv2d_block_rows.h"
#include "custom_ops/kernels/sparse_conv2d_block_twin.h"

namespace kws {
#if KWS_DSP_NATIVE
namespace {

// clang-format off
#define MAC(acc, x, w) "smlad " acc ", " x ", " w ", " acc "\n"
#define SCALE(acc) "add r12, r1, " acc ", asr #31\n" "smmlar " acc ", " acc ", r2, r12\n"
#define LOAD(x, word) "ldr " x ", [r12, #4 * " #word "]\n"

[[gnu::naked, gnu::noipa]] const ChannelPlan* RunRows(const BlockFrame*) {
  asm(
      KWS_ENTER_FRAME
      "ldr lr, " KWS_VALUES "\n"
      "ldr r12, " KWS_PLAN "\n"

      "ldr r2, " KWS_INDEX_ORIGIN "\n"
      "ldr r1, [r12, #12]\n"
      "ldr r4, [r12]\n"
      "add r2, r2, lr, lsr #2\n"

      "1:\n"  // a row: r1 = plan's last word, r2 = its first index, r4 = bias, lr = values
      "tst r1, #255\n"
      "beq 9f\n"
      "add r3, lr, r1, lsr #8\n"
      "ldrb r2, [r2]\n"
      "mov r5, r4\n"
      "str r3, " KWS_VALUES_END "\n"
      "cmp lr, r3\n"
      "mov r6, r4\n"
      "ldr r12, " KWS_TILE "\n"
      "mov r7, r4\n"
      "mov r8, r4\n"
      "mov r9, r4\n"
      "mov r10, r4\n"
      "mov r11, r4\n"
      "beq 3f\n"

      ".balign 8\n"
      "2:\n"  // a block: r2 = its column, r12 = tile
      "add r12, r12, r2, lsl #6\n"
      "ldr r3, [lr], #4\n"
      "ldr r1, " KWS_VALUES_END "\n"
      "sxtb16 r2, r3\n"
      LOAD("r0", 0)
      "cmp lr, r1\n"
      LOAD("r1", 1)
      MAC("r4", "r0", "r2") LOAD("r0", 2)
      MAC("r5", "r1", "r2") LOAD("r1", 3)
      MAC("r6", "r0", "r2") LOAD("r0", 4)
      MAC("r7", "r1", "r2") LOAD("r1", 5)
      MAC("r8", "r0", "r2") LOAD("r0", 6)
      MAC("r9", "r1", "r2") LOAD("r1", 7)
      MAC("r10", "r0", "r2") LOAD("r0", 8)
      MAC("r11", "r1", "r2") LOAD("r1", 9)
      "sxtb16 r3, r3, ror #8\n"
      "ldr r2, " KWS_INDEX_ORIGIN "\n"
      MAC("r4", "r0", "r3") LOAD("r0", 10)
      MAC("r5", "r1", "r3") LOAD("r1", 11)
      "add r2, r2, lr, lsr #2\n"
      MAC("r6", "r0", "r3")
      MAC("r7", "r1", "r3") LOAD("r0", 12)
      "ldrb r2, [r2]\n"
      LOAD("r1", 13)
      MAC("r8", "r0", "r3") LOAD("r0", 14)
      MAC("r9", "r1", "r3") LOAD("r1", 15)
      MAC("r10", "r0", "r3")
      "ldr r12, " KWS_TILE "\n"
      MAC("r11", "r1", "r3")
      "bne 2b\n"

      "3:\n"
      "ldr r12, " KWS_PLAN "\n"
      "ldr r0, " KWS_OUTPUT "\n"
      "ldr r2, [r12, #4]\n"
      "ldr r1, [r12, #8]\n"
      "ldr r3, [r12, #12]\n"
      "add r12, #16\n"
      "str r12, " KWS_PLAN "\n"
      // r0 = output, r1 = offset, r2 = multiplier, r3 = right shift
      SCALE("r4")
      SCALE("r5")
      SCALE("r6")
      "asr r4, r4, r3\n"
      "add r12, r1, r7, asr #31\n"
      "ssat r4, #8, r4\n"
      "smmlar r7, r7, r2, r12\n"
      "strb r4, [r0]\n"
      "asr r5, r5, r3\n"
      "ssat r5, #8, r5\n"
      "ldr r4, " KWS_STRIDE "\n"
      SCALE("r8")
      "strb r5, [r0, r4]\n"
      "asr r6, r6, r3\n"
      "ssat r6, #8, r6\n"
      "add r12, r1, r9, asr #31\n"
      "smmlar r9, r9, r2, r12\n"
      "asr r7, r7, r3\n"
      "strb r6, [r0, r4, lsl #1]\n"
      "add r5, r4, r4, lsl #1\n"
      "ssat r7, #8, r7\n"
      "add r12, r1, r10, asr #31\n"
      "smmlar r10, r10, r2, r12\n"
      "asr r8, r8, r3\n"
      "strb r7, [r0, r5]\n"
      "add r12, r1, r11, asr #31\n"
      "ssat r8, #8, r8\n"
      "smmlar r11, r11, r2, r12\n"
      "add r7, r0, r5\n"
      "strb r8, [r0, r4, lsl #2]\n"
      "asr r9, r9, r3\n"
      "ldr r12, " KWS_PLAN "\n"
      "ssat r9, #8, r9\n"
      "ldr r2, " KWS_INDEX_ORIGIN "\n"
      "add r6, r0, r4, lsl #1\n"
      "asr r10, r10, r3\n"
      "strb r9, [r7, r4, lsl #1]\n"
      "asr r11, r11, r3\n"
      "ssat r10, #8, r10\n"
      "ldr r1, [r12, #12]\n"
      "strb r10, [r6, r4, lsl #2]\n"
      "add r2, r2, lr, lsr #2\n"
      "ssat r11, #8, r11\n"
      "add r0, #1\n"
      "strb r11, [r7, r4, lsl #2]\n"
      "ldr r4, [r12]\n"
      "str r0, " KWS_OUTPUT "\n"
      "b 1b\n"

      "9:\n"
      KWS_LEAVE_FRAME);
}
// clang-format on

}  // namespace

int32_t RunRows1x4(const BlockTile& tile, int32_t lane, int32_t row) {
  const BlockSparseConv& w = *tile.layer.weights;
  if (w.index_bytes != 1 || w.n_blocks == 0) return RunRowsTwin<1, 4, 8>(tile, lane, row);
  const BlockFrame frame = MakeBlockFrame(tile, tile.words + lane, lane, row, 2);
  return row + static_cast<int32_t>(RunRows(&frame) - frame.plan);
}
#else
int32_t RunRows1x4(const BlockTile& tile, int32_t lane, int32_t row) {
  return RunRowsTwin<1, 4, 8>(tile, lane, row);
}
#endif

}  // namespace kws
