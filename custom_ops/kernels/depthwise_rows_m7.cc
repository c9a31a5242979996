// RunRowBlocks in assembly.
//
// SMLAD takes one cycle and nothing else of its kind beside it: the loads of the next words, the
// count of steps and its branch stand between them and cost nothing. The loads of a step come two
// SMLADs at least before their use. Steps are counted by shifting `last_step` to the right: the
// carry ends a filter row, and nothing left ends the filter.
#include "custom_ops/kernels/depthwise_rows.h"
#include "custom_ops/kernels/dsp.h"

#if KWS_DSP_NATIVE

namespace kws {
namespace {

static_assert(sizeof(RowQuad) == 80, "offsets of the loads below");

// Both loops: r0 words of the plane; r1 the channel's part of the quad, 16 bytes from word to word:
// bias, multiplier, offset, right shift at 16 to 64, weights from 80 on; r2 last_step. On the stack
// quad, last_step, units of the call (0 to 8), of which units moves on; then, for filters of
// several rows, those left, r0 and r1 of the unit (12 to 20).
// clang-format off

// The six sums in r8 to r12 and lr to the stage, and the first words of the next unit to r3, r4, r5,
// r6 and lr; ends the loop that begins at 2.
#define KWS_ROW_STORE(x1, x2, w)   \
  "8:\n"                           \
  "bne 7f\n"                       \
  "4:\n"                           \
  "ldr r3, [r1, #48]\n"            \
  "ldr r4, [r1, #32]\n"            \
  "ldr r7, [r1, #64]\n"            \
  "add r5, r3, r8, asr #31\n"      \
  "add r6, r3, r9, asr #31\n"      \
  "smmlar r8, r8, r4, r5\n"        \
  "add r5, r3, r10, asr #31\n"     \
  "smmlar r9, r9, r4, r6\n"        \
  "add r6, r3, r11, asr #31\n"     \
  "smmlar r10, r10, r4, r5\n"      \
  "add r5, r3, r12, asr #31\n"     \
  "smmlar r11, r11, r4, r6\n"      \
  "add r6, r3, lr, asr #31\n"      \
  "smmlar r12, r12, r4, r5\n"      \
  "ldr r3, [sp, #8]\n"             \
  "smmlar lr, lr, r4, r6\n"        \
  "asr r8, r7\n"                   \
  "ldm r3!, {r0, r1, r2}\n"        \
  "ssat r8, #8, r8\n"              \
  "asr r9, r7\n"                   \
  "ssat r9, #8, r9\n"              \
  "str r3, [sp, #8]\n"             \
  "asr r10, r7\n"                  \
  "ldr r3, [r0]\n"                 \
  "ssat r10, #8, r10\n"            \
  "strb r8, [r2]\n"                \
  "asr r11, r7\n"                  \
  "ldr r4, [r0, #" x1 "]\n"        \
  "ssat r11, #8, r11\n"            \
  "cmp r0, r1\n"                   \
  "strb r9, [r2, #4]\n"            \
  "asr r12, r7\n"                  \
  "ldr r5, [r0, #" x2 "]\n"        \
  "ssat r12, #8, r12\n"            \
  "strb r10, [r2, #8]\n"           \
  "asr lr, r7\n"                   \
  "ldr r6, [r1, #" w "]\n"         \
  "ssat lr, #8, lr\n"              \
  "strb r11, [r2, #12]\n"          \
  "strb r12, [r2, #16]\n"          \
  "strb lr, [r2, #20]\n"           \
  "ldr r2, [sp, #4]\n"             \
  "ldr lr, [r1, #16]\n"            \
  "bne 2b\n"                       \
  "add sp, #24\n"                  \
  "pop {r4-r11, pc}\n"

// Filters of several rows: where a unit begins, its pointers are kept; where a filter row ends, the
// next one begins, or the sums are complete (4).
#define KWS_ROW_ROWS(x1, x2, w)    \
  "6:\n"                           \
  "ldr r3, [sp]\n"                 \
  "strd r0, r1, [sp, #16]\n"       \
  "ldr r4, [r3, #12]\n"            \
  "ldr r3, [r3]\n"                 \
  "mov r8, lr\n"                   \
  "mov r9, lr\n"                   \
  "str r4, [sp, #12]\n"            \
  "add r1, r3\n"                   \
  "mov r10, lr\n"                  \
  "mov r11, lr\n"                  \
  "ldr r6, [r1, #" w "]\n"         \
  "ldr r3, [r0]\n"                 \
  "ldr r4, [r0, #" x1 "]\n"        \
  "mov r12, lr\n"                  \
  "b 5f\n"                         \
  "7:\n"                           \
  "ldr r3, [sp]\n"                 \
  "ldr r4, [sp, #12]\n"            \
  "ldr r5, [r3, #4]\n"             \
  "ldr r3, [r3, #8]\n"             \
  "subs r4, #1\n"                  \
  "str r4, [sp, #12]\n"            \
  "add r1, r5\n"                   \
  "add r0, r3\n"                   \
  "ldr r2, [sp, #4]\n"             \
  "ldr r6, [r1, #" w "]\n"         \
  "ldr r3, [r0]\n"                 \
  "ldr r4, [r0, #" x1 "]\n"        \
  "ldr r5, [r0, #" x2 "]\n"        \
  "bne 5f\n"                       \
  "ldrd r0, r1, [sp, #16]\n"       \
  "b 4b\n"                         \
  "5:\n"

#define KWS_ROW_ENTRY(x1, x2, w)   \
  "push {r4-r11, lr}\n"            \
  "sub sp, #24\n"                  \
  "ldm r0, {r0-r3}\n"              \
  "stm sp, {r1-r3}\n"              \
  "ldr r6, [r1, #" w "]\n"         \
  "ldr lr, [r1, #16]\n"            \
  "ldr r3, [r0]\n"                 \
  "ldr r4, [r0, #" x1 "]\n"        \
  "ldr r5, [r0, #" x2 "]\n"        \
  ".p2align 3\n"                   \
  "2:\n"                           \
  "cmp r2, #0\n"                   \
  "bmi 6f\n"

// Stride 1. Even sums in r8, r10, r12, odd ones in r9, r11, lr; three words of the plane in r3 to
// r5, which take turns; even and odd weights in r6 and r7.
#define KWS_ROW_STEP1(xa, xb, xc, s0, s1, s2, s3, s4, odd, even, next) \
  "smlad r8, " xa ", r6, " s0 "\n"                                    \
  "ldr r7, [r1, #80+" odd "]\n"                                       \
  "smlad r10, " xb ", r6, " s2 "\n"                                   \
  "lsrs r2, r2, #1\n"                                                 \
  "smlad r12, " xc ", r6, " s4 "\n"                                   \
  "smlad r9, " xa ", r7, " s1 "\n"                                    \
  "ldr r6, [r1, #80+" even "]\n"                                      \
  "smlad r11, " xb ", r7, " s3 "\n"                                   \
  "ldr " xa ", [r0, #" next "]\n"                                     \
  "smlad lr, " xc ", r7, lr\n"

#define KWS_ROW_FIRST1(s0, s1, s2, s3, s4) \
  KWS_ROW_STEP1("r3", "r4", "r5", s0, s1, s2, s3, s4, "0", "48", "48")
#define KWS_ROW_MORE1(xa, xb, xc, odd, even, next) \
  KWS_ROW_STEP1(xa, xb, xc, "r8", "r9", "r10", "r11", "r12", odd, even, next)

[[gnu::naked, gnu::noinline]] void Stride1(const RowCall*) {
  asm(KWS_ROW_ENTRY("16", "32", "96")
      KWS_ROW_FIRST1("lr", "lr", "lr", "lr", "lr")
      "bcs 8f\n"
      "3:\n"
      KWS_ROW_MORE1("r4", "r5", "r3", "32", "80", "64")
      "bcs 8f\n"
      KWS_ROW_MORE1("r5", "r3", "r4", "64", "112", "80")
      "bcs 8f\n"
      KWS_ROW_MORE1("r3", "r4", "r5", "96", "144", "96")
      "bcs 8f\n"
      KWS_ROW_MORE1("r4", "r5", "r3", "128", "176", "112")
      "bcs 8f\n"
      KWS_ROW_MORE1("r5", "r3", "r4", "160", "208", "128")
      "bcs 8f\n"
      KWS_ROW_MORE1("r3", "r4", "r5", "192", "240", "144")
      "bcs 8f\n"
      KWS_ROW_MORE1("r4", "r5", "r3", "224", "272", "160")
      KWS_ROW_STORE("16", "32", "96")
      KWS_ROW_ROWS("16", "32", "96")
      KWS_ROW_FIRST1("r8", "r9", "r10", "r11", "r12")
      "bcs 8b\n"
      "b 3b\n");
}

// Stride 2. Sums in order in r8 to r12 and lr. r3 to r5 hold every second word of the plane, and
// from the middle of a step on the words between, which are those of the next step. Weights in r6
// and r7 by turns.
#define KWS_ROW_STEP2(s0, s1, s2, s3, s4, w, next_w, weight, x1, x3, x5) \
  "smlad r8, r3, " w ", " s0 "\n"                                       \
  "lsrs r2, r2, #1\n"                                                   \
  "smlad r10, r4, " w ", " s2 "\n"                                      \
  "ldr r3, [r0, #" x1 "]\n"                                             \
  "smlad r12, r5, " w ", " s4 "\n"                                      \
  "ldr r4, [r0, #" x3 "]\n"                                             \
  "smlad r9, r3, " w ", " s1 "\n"                                       \
  "ldr r5, [r0, #" x5 "]\n"                                             \
  "smlad r11, r4, " w ", " s3 "\n"                                      \
  "ldr " next_w ", [r1, #80+" weight "]\n"                              \
  "smlad lr, r5, " w ", lr\n"

#define KWS_ROW_FIRST2(s0, s1, s2, s3, s4) \
  KWS_ROW_STEP2(s0, s1, s2, s3, s4, "r6", "r7", "16", "16", "48", "80")
#define KWS_ROW_MORE2(w, next_w, weight, x1, x3, x5) \
  KWS_ROW_STEP2("r8", "r9", "r10", "r11", "r12", w, next_w, weight, x1, x3, x5)

[[gnu::naked, gnu::noinline]] void Stride2(const RowCall*) {
  asm(KWS_ROW_ENTRY("32", "64", "80")
      KWS_ROW_FIRST2("lr", "lr", "lr", "lr", "lr")
      "bcs 8f\n"
      "3:\n"
      KWS_ROW_MORE2("r7", "r6", "32", "32", "64", "96")
      "bcs 8f\n"
      KWS_ROW_MORE2("r6", "r7", "48", "48", "80", "112")
      "bcs 8f\n"
      KWS_ROW_MORE2("r7", "r6", "64", "64", "96", "128")
      "bcs 8f\n"
      KWS_ROW_MORE2("r6", "r7", "80", "80", "112", "144")
      "bcs 8f\n"
      KWS_ROW_MORE2("r7", "r6", "96", "96", "128", "160")
      "bcs 8f\n"
      KWS_ROW_MORE2("r6", "r7", "112", "112", "144", "176")
      "bcs 8f\n"
      KWS_ROW_MORE2("r7", "r6", "128", "128", "160", "192")
      KWS_ROW_STORE("32", "64", "80")
      KWS_ROW_ROWS("32", "64", "80")
      KWS_ROW_FIRST2("r8", "r9", "r10", "r11", "r12")
      "bcs 8b\n"
      "b 3b\n");
}
// clang-format on

}  // namespace

void RunRowBlocks(const RowCall& call) {
  if (call.stride == 1) {
    Stride1(&call);
  } else {
    Stride2(&call);
  }
}

}  // namespace kws

#endif  // KWS_DSP_NATIVE
