#include "custom_ops/kernels/pair_rows_m7.h"

#include <cstddef>

#include "custom_ops/kernels/dsp.h"
#include "custom_ops/kernels/pair_tile.h"
#include "custom_ops/kernels/requantize.h"

namespace kws {

void SplitPairSums(const int64_t* accumulators, int32_t bias, int32_t* sums) {
  constexpr uint32_t kMask = (1u << kPairFieldBits) - 1;
  const uint32_t start = 2 * (static_cast<uint32_t>(bias) - kPairFieldLimit);
  for (int32_t i = 0; i < kPairs; ++i) {
    const uint64_t both = static_cast<uint64_t>(accumulators[i]);
    sums[2 * i] = static_cast<int32_t>(2 * (static_cast<uint32_t>(both) & kMask) + start);
    sums[2 * i + 1] =
        static_cast<int32_t>(2 * static_cast<uint32_t>(both >> kPairFieldBits) + start);
  }
}

void FinishPairRow(PairRows* rows, const int64_t* accumulators) {
  SplitPairSums(accumulators, *rows->bias++, rows->sums);
  --rows->rows;
  if (rows->sums_only != 0) return;
  const int32_t zero_point = (rows->zero_point_factor - 1) / 2;
  const FastRequantizer requantize(*rows->multipliers++, -*rows->shifts++, zero_point);
  for (int32_t i = 0; i < kPairTile; ++i) {
    rows->output[i * rows->output_stride] = static_cast<int8_t>(requantize.Doubled(rows->sums[i]));
  }
  ++rows->output;
}

#if KWS_DSP_NATIVE
#define KWS_OFFSET(field, offset) static_assert(offsetof(PairRows, field) == (offset), #field)
KWS_OFFSET(tile, 0);
KWS_OFFSET(stream, 4);
KWS_OFFSET(row_offsets, 8);
KWS_OFFSET(rows, 12);
KWS_OFFSET(bias, 16);
KWS_OFFSET(multipliers, 20);
KWS_OFFSET(shifts, 24);
KWS_OFFSET(output, 28);
KWS_OFFSET(output_stride, 32);
KWS_OFFSET(zero_point_factor, 36);
KWS_OFFSET(sums_only, 40);
KWS_OFFSET(next_row, 44);
KWS_OFFSET(row_quads, 48);
KWS_OFFSET(sums, 52);

// The two doubled sums of a pair in place; r12 = twice (bias - 2^22), `t` is free.
#define KWS_SPLIT(low, high, t) \
  "lsr  " t ", " low            \
  ", #23\n"                     \
  "add  " high ", r12, " high   \
  ", lsl #10\n"                 \
  "lsl  " low ", " low          \
  ", #9\n"                      \
  "add  " high ", " high ", " t \
  ", lsl #1\n"                  \
  "add  " low ", r12, " low ", lsr #8\n"

// FastRequantizer::Doubled, the product of one sum beside shift and store of the one before.
// r3 multiplier, r12 offset, lr shift, r2 output, r1 stride.
#define KWS_PRODUCT(sum) \
  "add  r0, r12, " sum   \
  ", asr #31\n"          \
  "smmlar " sum ", " sum ", r3, r0\n"
#define KWS_STORE(sum)     \
  "asr  " sum ", " sum     \
  ", lr\n"                 \
  "ssat " sum ", #8, " sum \
  "\n"                     \
  "strb " sum              \
  ", [r2]\n"               \
  "add  r2, r2, r1\n"

// Branched to (not called) by the routines below with their frame: [sp] is the PairRows, r4 to r11
// the accumulators of the four pairs, low word first, lr the stream of the next row. Registers r0
// to r3 and r12 are free.
extern "C" [[gnu::naked]] void KwsFinishPairRow() {
  asm volatile(
      "ldr  r0, [sp]\n"
      "ldr  r1, [r0, #16]\n"
      "str  lr, [r0, #4]\n"
      "ldr  r12, [r1], #4\n"
      "ldr  lr, [r0, #40]\n"
      "str  r1, [r0, #16]\n"
      "ldr  r1, [r0, #12]\n"
      "lsl  r12, r12, #1\n"
      "subs r1, r1, #1\n"
      "sub  r12, r12, #0x800000\n"
      "str  r1, [r0, #12]\n"
      "ldr  r2, [r0, #28]\n"
      KWS_SPLIT("r4", "r5", "r1")
      KWS_SPLIT("r6", "r7", "r3")
      KWS_SPLIT("r8", "r9", "r1")
      KWS_SPLIT("r10", "r11", "r3")
      "cmp  lr, #0\n"
      "bne  3f\n"
      "ldr  r1, [r0, #24]\n"   // shift
      "ldr  r3, [r0, #20]\n"   // multiplier
      "ldrsb lr, [r1], #1\n"
      "str  r1, [r0, #24]\n"
      "ldr  r1, [r0, #36]\n"   // 2 * zero point + 1
      "mvn  r12, lr\n"         // right shift - 1
      "rsb  lr, lr, #0\n"
      "lsl  r12, r1, r12\n"
      "add  r1, r2, #1\n"
      "str  r1, [r0, #28]\n"
      "add  r1, r3, #4\n"
      "ldr  r3, [r3]\n"
      "str  r1, [r0, #20]\n"
      "ldr  r1, [r0, #32]\n"
      KWS_PRODUCT("r4")
      KWS_PRODUCT("r5")
      KWS_STORE("r4")
      KWS_PRODUCT("r6")
      KWS_STORE("r5")
      KWS_PRODUCT("r7")
      KWS_STORE("r6")
      KWS_PRODUCT("r8")
      KWS_STORE("r7")
      KWS_PRODUCT("r9")
      KWS_STORE("r8")
      KWS_PRODUCT("r10")
      KWS_STORE("r9")
      KWS_PRODUCT("r11")
      KWS_STORE("r10")
      "ldr  r0, [sp]\n"
      KWS_STORE("r11")
      "ldr  r1, [r0, #12]\n"
      "ldr  r2, [r0, #44]\n"
      "cbz  r1, 2f\n"
      "bx   r2\n"
      "3:\n"
      "add  r0, r0, #52\n"
      "stm  r0, {r4-r11}\n"
      "2:\n"
      "pop  {r0, r4-r11, pc}\n");
}
#endif  // KWS_DSP_NATIVE

}  // namespace kws
