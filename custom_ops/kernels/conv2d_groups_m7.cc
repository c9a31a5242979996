// Eight sums in registers: for each pair of factors two weight words and four column words are
// loaded for eight SMLADs. The compiler puts each load right before the SMLAD that needs it, where
// it waits, so the loop is written out: a SMLAD every cycle, the loads beside them two cycles or
// more ahead of their use.
#include <cstddef>

#include "custom_ops/kernels/conv2d_groups.h"

namespace kws {

#if KWS_DSP_NATIVE

// Registers: r0, r1 columns in flight; r2, r3 weights of the two channels; r4 weights; r5 columns;
// r6-r9 sums of the first channel; r10-r12, lr sums of the second.
//
// A step is one pair of factors, in two halves so that the loop's branch falls into a slot that no
// load wants. `c` and `w` are its offsets from r5 and r4.
#define KWS_HEAD_FIRST(c)   \
  "smlad r6, r0, r2, r6 \n" \
  "ldr   r1, [r5, #" #c     \
  "+4] \n"                  \
  "smlad r10, r0, r3, r10 \n"
#define KWS_HEAD(c)     \
  KWS_HEAD_FIRST(c)     \
  "ldr   r0, [r5, #" #c \
  "+8] \n"              \
  "smlad r7, r1, r2, r7 \n"
// The same, and compares r4 with weights_last on the way.
#define KWS_HEAD_COMPARE(c) \
  KWS_HEAD_FIRST(c)         \
  "ldr   r0, [sp, #4] \n"   \
  "smlad r7, r1, r2, r7 \n" \
  "cmp   r4, r0 \n"         \
  "ldr   r0, [r5, #" #c "+8] \n"
#define KWS_TAIL(c, w, between)           \
  "smlad r11, r1, r3, r11 \n"             \
  "ldr   r1, [r5, #" #c "+12] \n" between \
  "smlad r8, r0, r2, r8 \n"               \
  "smlad r12, r0, r3, r12 \n"             \
  "ldr   r0, [r5, #" #w                   \
  "*2] \n"                                \
  "smlad r9, r1, r2, r9 \n"               \
  "ldr   r2, [r4, #" #w                   \
  "] \n"                                  \
  "smlad lr, r1, r3, lr \n"               \
  "ldr   r3, [r4, #" #w "+4] \n"
// The last step loads nothing for a next one, but GroupRun::sums.
#define KWS_LAST_TAIL         \
  "smlad r11, r1, r3, r11 \n" \
  "ldr   r1, [r5, #12] \n"    \
  "smlad r8, r0, r2, r8 \n"   \
  "smlad r12, r0, r3, r12 \n" \
  "ldr   r0, [sp, #56] \n"    \
  "smlad r9, r1, r2, r9 \n"   \
  "smlad lr, r1, r3, lr \n"

// No register is left for a pointer to GroupRun: a copy of it lies at sp.
static_assert(offsetof(GroupRun, bias) == 16 && offsetof(GroupRun, requantizers) == 24 &&
                  offsetof(GroupRun, output) == 48 && offsetof(GroupRun, stride) == 52 &&
                  offsetof(GroupRun, sums) == 56 && sizeof(GroupRun) == 60,
              "the offsets from sp below");

[[gnu::naked]] void MultiplyGroups(const GroupRun&) {
  asm volatile(
      "ldr   r1, [r0, #56] \n"
      "push  {r1, r4-r11, lr} \n"
      "ldm   r0!, {r4-r10} \n"
      "ldm   r0, {r0-r3, r11, r12, lr} \n"
      "push  {r0-r3, r11, r12, lr} \n"
      "push  {r4-r10} \n"
      "sub   r5, r6, #16 \n"
      "1: \n"  // a group
      "ldr   r4, [sp, #0] \n"
      "ldr   r0, [r5, #16] \n"
      "ldr   r6, [sp, #16] \n"
      "ldr   r10, [sp, #20] \n"
      "ldr   r2, [r4] \n"
      "ldr   r3, [r4, #4] \n"
      "mov   r7, r6 \n"
      "ldr   r1, [r5, #20] \n"
      "mov   r8, r6 \n"
      "mov   r9, r6 \n"
      "smlad r6, r0, r2, r6 \n"
      "mov   r11, r10 \n"
      "smlad r10, r0, r3, r10 \n"
      "ldr   r0, [r5, #24] \n"
      "smlad r7, r1, r2, r7 \n"
      "mov   r12, r11 \n"
      "mov   lr, r11 \n"
      "sub   r4, r4, #8 \n"
      "b     3f \n"
      ".balign 8 \n"
      "2: \n" KWS_TAIL(0, 8, "") KWS_HEAD(16) "3: \n" KWS_TAIL(16, 16, "") KWS_HEAD(32)
          KWS_TAIL(32, 24, "") KWS_HEAD_COMPARE(48) "add   r4, r4, #32 \n" KWS_TAIL(
              48, 0, "add   r5, r5, #64 \n")
              KWS_HEAD(
                  0) "bne   2b \n" KWS_LAST_TAIL
                     "cbz   r0, 4f \n"
                     "stm   r0, {r6-r12, lr} \n"
                     "ldr   r0, [sp, #12] \n"
                     "b     5f \n"
                     "4: \n"
                     // Requantisation: r0 multiplier, r1 offset, r2 right shift, r3 and r4 scratch.
                     "ldr   r0, [sp, #24] \n"
                     "ldr   r1, [sp, #28] \n"
                     "ldr   r2, [sp, #32] \n"
                     "add   r3, r1, r6, asr #31 \n"
                     "lsl   r6, r6, #1 \n"
                     "add   r4, r1, r7, asr #31 \n"
                     "lsl   r7, r7, #1 \n"
                     "smmlar r6, r6, r0, r3 \n"
                     "add   r3, r1, r8, asr #31 \n"
                     "smmlar r7, r7, r0, r4 \n"
                     "add   r4, r1, r9, asr #31 \n"
                     "lsl   r8, r8, #1 \n"
                     "lsl   r9, r9, #1 \n"
                     "smmlar r8, r8, r0, r3 \n"
                     "ldr   r1, [sp, #40] \n"
                     "smmlar r9, r9, r0, r4 \n"
                     "ldr   r0, [sp, #36] \n"
                     "asr   r6, r6, r2 \n"
                     "asr   r7, r7, r2 \n"
                     "add   r3, r1, r10, asr #31 \n"
                     "lsl   r10, r10, #1 \n"
                     "add   r4, r1, r11, asr #31 \n"
                     "lsl   r11, r11, #1 \n"
                     "smmlar r10, r10, r0, r3 \n"
                     "asr   r8, r8, r2 \n"
                     "add   r3, r1, r12, asr #31 \n"
                     "asr   r9, r9, r2 \n"
                     "smmlar r11, r11, r0, r4 \n"
                     "ldr   r2, [sp, #44] \n"
                     "add   r4, r1, lr, asr #31 \n"
                     "lsl   r12, r12, #1 \n"
                     "smmlar r12, r12, r0, r3 \n"
                     "lsl   lr, lr, #1 \n"
                     "ssat  r6, #8, r6 \n"
                     "asr   r10, r10, r2 \n"
                     "smmlar lr, lr, r0, r4 \n"
                     "asr   r11, r11, r2 \n"
                     "ssat  r10, #8, r10 \n"
                     "ldr   r4, [sp, #48] \n"
                     "ssat  r7, #8, r7 \n"
                     "asr   r12, r12, r2 \n"
                     "ssat  r11, #8, r11 \n"
                     "ldr   r3, [sp, #52] \n"
                     "bfi   r6, r10, #8, #8 \n"
                     "asr   lr, lr, r2 \n"
                     "ssat  r8, #8, r8 \n"
                     "ldr   r0, [sp, #12] \n"
                     "bfi   r7, r11, #8, #8 \n"
                     "strh  r6, [r4] \n"
                     "ssat  r12, #8, r12 \n"
                     "add   r2, r3, r3, lsl #1 \n"
                     "ssat  r9, #8, r9 \n"
                     "strh  r7, [r4, r3] \n"
                     "ssat  lr, #8, lr \n"
                     "bfi   r8, r12, #8, #8 \n"
                     "strh  r8, [r4, r3, lsl #1] \n"
                     "bfi   r9, lr, #8, #8 \n"
                     "strh  r9, [r4, r2] \n"
                     "add   r4, r4, r3, lsl #2 \n"
                     "str   r4, [sp, #48] \n"
                     "5: \n"
                     "subs  r0, r0, #1 \n"
                     "str   r0, [sp, #12] \n"
                     "bne   1b \n"
                     "add   sp, sp, #60 \n"
                     "pop   {r4-r11, pc} \n");
}

void SumTwoPositions(const GroupRun& run) {
  const uint32_t* weights = run.weights;
  const uint32_t* columns = run.columns;
  int32_t a0 = run.bias[0], a1 = a0, b0 = run.bias[1], b1 = b0;
  uint32_t x, y, wa, wb, vb;
  asm volatile(
      "ldr   %[x], [%[c]] \n"
      "ldr   %[y], [%[c], #4] \n"
      "ldr   %[wa], [%[w]] \n"
      "ldr   %[wb], [%[w], #4] \n"
      "1: \n"
      "smlad %[a0], %[x], %[wa], %[a0] \n"
      "ldr   %[vb], [%[w], #12] \n"
      "smlad %[b0], %[x], %[wb], %[b0] \n"
      "ldr   %[x], [%[c], #16] \n"
      "smlad %[a1], %[y], %[wa], %[a1] \n"
      "ldr   %[wa], [%[w], #8] \n"
      "smlad %[b1], %[y], %[wb], %[b1] \n"
      "ldr   %[y], [%[c], #20] \n"
      "smlad %[a0], %[x], %[wa], %[a0] \n"
      "ldr   %[wb], [%[w], #20] \n"
      "smlad %[b0], %[x], %[vb], %[b0] \n"
      "ldr   %[x], [%[c], #32]! \n"
      "smlad %[a1], %[y], %[wa], %[a1] \n"
      "ldr   %[wa], [%[w], #16]! \n"
      "smlad %[b1], %[y], %[vb], %[b1] \n"
      "ldr   %[y], [%[c], #4] \n"
      "cmp   %[w], %[end] \n"
      "bne   1b \n"
      : [a0] "+&r"(a0), [a1] "+&r"(a1), [b0] "+&r"(b0), [b1] "+&r"(b1), [w] "+&r"(weights),
        [c] "+&r"(columns), [x] "=&r"(x), [y] "=&r"(y), [wa] "=&r"(wa), [wb] "=&r"(wb),
        [vb] "=&r"(vb)
      : [end] "r"(run.weights_last + (kPairStep + 1) * kChannels)
      : "cc", "memory");
  run.sums[0] = a0;
  run.sums[1] = a1;
  run.sums[kPositions] = b0;
  run.sums[kPositions + 1] = b1;
}

#else

void SumTwoPositions(const GroupRun& run) {
  GroupRun one = run;
  one.groups = 1;
  MultiplyGroups(one);
}

void MultiplyGroups(const GroupRun& all) {
  GroupRun run = all;
  const uint32_t* const end = run.weights_last + (kPairStep + 1) * kChannels;
  for (; run.groups > 0; --run.groups) {
    int32_t sums[kChannels][kPositions];
    for (int32_t i = 0; i < kPositions; ++i) {
      sums[0][i] = run.bias[0];
      sums[1][i] = run.bias[1];
    }
    for (const uint32_t* w = run.weights; w != end; w += kChannels, run.columns += kPositions) {
      for (int32_t i = 0; i < kPositions; ++i) {
        sums[0][i] = MultiplyAccumulateDual(run.columns[i], w[0], sums[0][i]);
        sums[1][i] = MultiplyAccumulateDual(run.columns[i], w[1], sums[1][i]);
      }
    }
    if (run.sums != nullptr) {
      std::memcpy(run.sums, sums, sizeof(sums));
      continue;
    }
    for (int32_t i = 0; i < kPositions; ++i, run.output += run.stride) {
      run.output[0] = static_cast<int8_t>(run.requantizers[0](sums[0][i]));
      run.output[1] = static_cast<int8_t>(run.requantizers[1](sums[1][i]));
    }
  }
}

#endif

}  // namespace kws
