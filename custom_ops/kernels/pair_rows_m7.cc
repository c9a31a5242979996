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

// clang-format off
// The two doubled sums of a pair in place; r12 = twice (bias - 2^22), `t` is free.
#define KWS_SPLIT(low, high, t)                 \
  "lsr  " t ", " low ", #22\n"                  \
  "lsl  " low ", " low ", #9\n"                 \
  "bic  " t ", " t ", #1\n"                     \
  "add  " low ", r12, " low ", lsr #8\n"        \
  "add  " t ", " t ", r12\n"                    \
  "add  " high ", " t ", " high ", lsl #10\n"

// FastRequantizer::Doubled in three steps, so that some sums' products stand beside the rest of
// others. r3 multiplier, r12 offset, lr shift, r2 and r1 output and stride in `place`.
#define KWS_PRODUCT(sum)                        \
  "add  r0, r12, " sum ", asr #31\n"            \
  "smmlar " sum ", " sum ", r3, r0\n"
#define KWS_SHIFT(sum)                          \
  "asr  " sum ", " sum ", lr\n"
#define KWS_STORE(sum, place)                   \
  "ssat " sum ", #8, " sum "\n"                 \
  "strb " sum ", [r2" place "]\n"
#define KWS_NEXT_POSITION                       \
  "add  r2, r2, r1\n"

// The twin is FinishPairRow above.
extern "C" [[gnu::naked]] void KwsFinishPairRow() {
  asm volatile(
      "ldr  r1, [sp, #16]\n"  // bias
      "ldr  r0, [sp, #12]\n"  // rows
      "str  lr, [sp, #4]\n"
      "ldr  r2, [sp, #24]\n"  // shift
      "ldr  r12, [r1], #4\n"
      "ldr  r3, [sp, #20]\n"  // multiplier
      "str  r1, [sp, #16]\n"
      "ldr  r1, [sp, #40]\n"  // sums only
      "lsl  r12, r12, #1\n"
      "ldrsb lr, [r2], #1\n"
      "sub  r12, r12, #0x800000\n"
      "str  r2, [sp, #24]\n"
      "sub  r0, r0, #1\n"
      "str  r0, [sp, #12]\n"
      "cmp  r1, #0\n"
      "bne  3f\n"
      KWS_SPLIT("r4", "r5", "r1")
      KWS_SPLIT("r6", "r7", "r2")
      KWS_SPLIT("r8", "r9", "r1")
      KWS_SPLIT("r10", "r11", "r2")
      "ldr  r1, [sp, #36]\n"   // 2 * zero point + 1
      "ldr  r2, [sp, #28]\n"   // output
      "mvn  r12, lr\n"         // right shift - 1
      "add  r0, r3, #4\n"
      "rsb  lr, lr, #0\n"
      "str  r0, [sp, #20]\n"
      "lsl  r12, r1, r12\n"
      "add  r0, r2, #1\n"
      "ldr  r3, [r3]\n"
      "str  r0, [sp, #28]\n"
      "ldr  r1, [sp, #32]\n"
      // Positions 0, 1, 2, 4 from the first, 3 and 5 from the second, 6 and 7 from the next two.
      KWS_PRODUCT("r4")
      KWS_PRODUCT("r5")
      KWS_PRODUCT("r6")
      KWS_PRODUCT("r8")
      KWS_SHIFT("r4")
      KWS_SHIFT("r5")
      KWS_STORE("r4", "")
      KWS_STORE("r5", ", r1")
      KWS_PRODUCT("r7")
      KWS_PRODUCT("r9")
      KWS_SHIFT("r6")
      KWS_SHIFT("r8")
      KWS_STORE("r6", ", r1, lsl #1")
      KWS_STORE("r8", ", r1, lsl #2")
      KWS_NEXT_POSITION
      KWS_SHIFT("r7")
      KWS_PRODUCT("r10")
      KWS_PRODUCT("r11")
      KWS_STORE("r7", ", r1, lsl #1")
      KWS_SHIFT("r9")
      "ldr  r0, [sp, #12]\n"
      KWS_STORE("r9", ", r1, lsl #2")
      KWS_NEXT_POSITION
      KWS_SHIFT("r10")
      KWS_STORE("r10", ", r1, lsl #2")
      KWS_NEXT_POSITION
      KWS_SHIFT("r11")
      "ldr  r3, [sp, #44]\n"
      KWS_STORE("r11", ", r1, lsl #2")
      "cbz  r0, 2f\n"
      "bx   r3\n"
      "3:\n"
      KWS_SPLIT("r4", "r5", "r1")
      KWS_SPLIT("r6", "r7", "r2")
      KWS_SPLIT("r8", "r9", "r1")
      KWS_SPLIT("r10", "r11", "r2")
      "ldr  r0, [sp, #52]\n"
      "add  r0, r0, #52\n"
      "stm  r0, {r4-r11}\n"
      "2:\n"
      "add  sp, sp, " KWS_PAIR_FRAME "\n"
      "pop  {r4-r11, pc}\n");
}
// clang-format on
#endif  // KWS_DSP_NATIVE

}  // namespace kws
