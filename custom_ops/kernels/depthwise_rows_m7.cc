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

static_assert(sizeof(RowQuad) == 64, "offsets of the loads below");

// Both loops. r0: words of the plane. r1: the channel's part of the quad, 16 bytes from word to
// word: bias, multiplier, offset, right shift, weights. r2: last_step. On the stack from planes_end
// on what RowCall has (0 to 36), where planes_end and stage move on; then, for filters of several
// rows, those left (40) and r0 and r1 of the block (44, 48).
// clang-format off
#define KWS_ROW_ENTRY      \
  "push {r4-r11, lr}\n"    \
  "sub sp, #52\n"          \
  "ldm r0, {r0-r11}\n"     \
  "stm sp, {r2-r11}\n"

// What a channel ends with: the next one, or the way back.
#define KWS_ROW_EXIT       \
  "ldr r3, [sp, #12]\n"    \
  "ldr r4, [sp, #16]\n"    \
  "ldr r5, [sp, #20]\n"    \
  "add r1, #4\n"           \
  "add r7, #4\n"           \
  "sub r0, r3\n"           \
  "cmp r1, r5\n"           \
  "str r7, [sp]\n"         \
  "sub r2, r4\n"           \
  "str r2, [sp, #4]\n"     \
  "bne 1b\n"               \
  "add sp, #52\n"          \
  "pop {r4-r11, pc}\n"

// Where a filter of several rows begins a block: its pointers are kept.
#define KWS_ROW_BEGIN      \
  "ldr r3, [sp, #24]\n"    \
  "ldr r4, [sp, #36]\n"    \
  "strd r0, r1, [sp, #44]\n" \
  "str r4, [sp, #40]\n"    \
  "add r1, r3\n"           \
  "b 5f\n"

// And where it ends a row: the next one, or back to the block (4b).
#define KWS_ROW_NEXT       \
  "7:\n"                   \
  "ldr r3, [sp, #40]\n"    \
  "ldr r4, [sp, #28]\n"    \
  "ldr r5, [sp, #32]\n"    \
  "add r1, r4\n"           \
  "add r0, r5\n"           \
  "ldr r2, [sp, #8]\n"     \
  "subs r3, #1\n"          \
  "str r3, [sp, #40]\n"    \
  "bne 5f\n"               \
  "ldrd r0, r1, [sp, #44]\n" \
  "b 4b\n"

// Stride 1. Even sums in r8, r10, r12, odd ones in r9, r11, lr; three words of the plane in r3 to
// r5; even and odd weights in r6 and r7.
#define KWS_ROW_STEP1(xa, xb, xc, e0, o0, e1, o1, e2, odd, even, next) \
  "smlad r8, " xa ", r6, " e0 "\n"                                    \
  "ldr r7, [r1, #64+" odd "]\n"                                       \
  "smlad r10, " xb ", r6, " e1 "\n"                                   \
  "lsrs r2, r2, #1\n"                                                 \
  "smlad r12, " xc ", r6, " e2 "\n"                                   \
  "smlad r9, " xa ", r7, " o0 "\n"                                    \
  "ldr r6, [r1, #64+" even "]\n"                                      \
  "smlad r11, " xb ", r7, " o1 "\n"                                   \
  "ldr " xa ", [r0, #" next "]\n"                                     \
  "smlad lr, " xc ", r7, lr\n"

#define KWS_ROW_FIRST1(e0, o0, e1, o1, e2) \
  KWS_ROW_STEP1("r3", "r4", "r5", e0, o0, e1, o1, e2, "0", "48", "48")
#define KWS_ROW_MORE1(xa, xb, xc, odd, even, next) \
  KWS_ROW_STEP1(xa, xb, xc, "r8", "r9", "r10", "r11", "r12", odd, even, next)

[[gnu::naked, gnu::noinline]] void Stride1(const RowCall*) {
  asm(KWS_ROW_ENTRY
      "1:\n"  // one channel
      "ldr r3, [r0]\n"
      "ldr r4, [r0, #16]\n"
      "ldr r5, [r0, #32]\n"
      "ldr r6, [r1, #64+16]\n"
      "ldr lr, [r1]\n"
      "ldr r2, [sp, #8]\n"
      ".p2align 3\n"
      "2:\n"  // six outputs
      "cmp r2, #0\n"
      "bmi 6f\n"
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
      "8:\n"
      "bne 7f\n"
      "4:\n"
      "ldr r3, [r1, #32]\n"
      "ldr r4, [r1, #16]\n"
      "ldr r7, [r1, #48]\n"
      "add r5, r3, r8, asr #31\n"
      "add r6, r3, r9, asr #31\n"
      "smmlar r8, r8, r4, r5\n"
      "add r5, r3, r10, asr #31\n"
      "smmlar r9, r9, r4, r6\n"
      "add r6, r3, r11, asr #31\n"
      "smmlar r10, r10, r4, r5\n"
      "add r5, r3, r12, asr #31\n"
      "smmlar r11, r11, r4, r6\n"
      "add r6, r3, lr, asr #31\n"
      "smmlar r12, r12, r4, r5\n"
      "smmlar lr, lr, r4, r6\n"
      "asr r8, r7\n"
      "ssat r8, #8, r8\n"
      "asr r9, r7\n"
      "ssat r9, #8, r9\n"
      "ldr r2, [sp, #4]\n"
      "asr r10, r7\n"
      "ldr r3, [r0, #48]\n"
      "ssat r10, #8, r10\n"
      "strb r8, [r2]\n"
      "asr r11, r7\n"
      "ldr r4, [r0, #64]\n"
      "ssat r11, #8, r11\n"
      "strb r9, [r2, #4]\n"
      "asr r12, r7\n"
      "ldr r5, [r0, #80]\n"
      "ssat r12, #8, r12\n"
      "strb r10, [r2, #8]\n"
      "asr lr, r7\n"
      "ldr r6, [r1, #64+16]\n"
      "ssat lr, #8, lr\n"
      "strb r11, [r2, #12]\n"
      "ldr r7, [sp]\n"
      "strb r12, [r2, #16]\n"
      "add r0, #48\n"
      "strb lr, [r2, #20]\n"
      "add r2, #24\n"
      "cmp r0, r7\n"
      "str r2, [sp, #4]\n"
      "ldr lr, [r1]\n"
      "beq 9f\n"
      "ldr r2, [sp, #8]\n"
      "b 2b\n"
      "9:\n"
      KWS_ROW_EXIT
      "6:\n"
      "mov r8, lr\n"
      "mov r9, lr\n"
      "mov r10, lr\n"
      "mov r11, lr\n"
      "mov r12, lr\n"
      KWS_ROW_BEGIN
      KWS_ROW_NEXT
      "5:\n"  // a filter row
      "ldr r3, [r0]\n"
      "ldr r4, [r0, #16]\n"
      "ldr r5, [r0, #32]\n"
      "ldr r6, [r1, #64+16]\n"
      KWS_ROW_FIRST1("r8", "r9", "r10", "r11", "r12")
      "bcs 8b\n"
      "b 3b\n");
}

// Stride 2. Sums in r8 to r11; four words of the plane in r3 to r6; weights in r7 and r12.
#define KWS_ROW_STEP2(xa, xb, xc, xd, s0, s1, s2, w, next_w, weight, next) \
  "smlad r8, " xa ", " w ", " s0 "\n"                                     \
  "ldr " next_w ", [r1, #64+" weight "]\n"                                \
  "smlad r9, " xb ", " w ", " s1 "\n"                                     \
  "lsrs r2, r2, #1\n"                                                     \
  "smlad r10, " xc ", " w ", " s2 "\n"                                    \
  "ldr " xa ", [r0, #" next "]\n"                                         \
  "smlad r11, " xd ", " w ", r11\n"

#define KWS_ROW_FIRST2(s0, s1, s2) \
  KWS_ROW_STEP2("r3", "r4", "r5", "r6", s0, s1, s2, "r7", "r12", "16", "64")
#define KWS_ROW_MORE2(xa, xb, xc, xd, w, next_w, weight, next) \
  KWS_ROW_STEP2(xa, xb, xc, xd, "r8", "r9", "r10", w, next_w, weight, next)

[[gnu::naked, gnu::noinline]] void Stride2(const RowCall*) {
  asm(KWS_ROW_ENTRY
      "1:\n"  // one channel
      "ldr r3, [r0]\n"
      "ldr r4, [r0, #16]\n"
      "ldr r5, [r0, #32]\n"
      "ldr r7, [r1, #64]\n"
      "ldr r6, [r0, #48]\n"
      "ldr r2, [sp, #8]\n"
      "ldr r11, [r1]\n"
      ".p2align 3\n"
      "2:\n"  // four outputs
      "cmp r2, #0\n"
      "bmi 6f\n"
      KWS_ROW_FIRST2("r11", "r11", "r11")
      "bcs 8f\n"
      "3:\n"
      KWS_ROW_MORE2("r4", "r5", "r6", "r3", "r12", "r7", "32", "80")
      "bcs 8f\n"
      KWS_ROW_MORE2("r5", "r6", "r3", "r4", "r7", "r12", "48", "96")
      "bcs 8f\n"
      KWS_ROW_MORE2("r6", "r3", "r4", "r5", "r12", "r7", "64", "112")
      "bcs 8f\n"
      KWS_ROW_MORE2("r3", "r4", "r5", "r6", "r7", "r12", "80", "128")
      "bcs 8f\n"
      KWS_ROW_MORE2("r4", "r5", "r6", "r3", "r12", "r7", "96", "144")
      "bcs 8f\n"
      KWS_ROW_MORE2("r5", "r6", "r3", "r4", "r7", "r12", "112", "160")
      "bcs 8f\n"
      KWS_ROW_MORE2("r6", "r3", "r4", "r5", "r12", "r7", "128", "176")
      "8:\n"
      "bne 7f\n"
      "4:\n"
      "ldr r3, [r1, #32]\n"
      "ldr r4, [r1, #16]\n"
      "ldr r12, [r1, #48]\n"
      "add r5, r3, r8, asr #31\n"
      "add r6, r3, r9, asr #31\n"
      "smmlar r8, r8, r4, r5\n"
      "add r5, r3, r10, asr #31\n"
      "smmlar r9, r9, r4, r6\n"
      "add r6, r3, r11, asr #31\n"
      "smmlar r10, r10, r4, r5\n"
      "ldr r2, [sp, #4]\n"
      "smmlar r11, r11, r4, r6\n"
      "asr r8, r12\n"
      "ldr r3, [r0, #64]\n"
      "ssat r8, #8, r8\n"
      "asr r9, r12\n"
      "ssat r9, #8, r9\n"
      "asr r10, r12\n"
      "ldr r4, [r0, #80]\n"
      "ssat r10, #8, r10\n"
      "strb r8, [r2]\n"
      "asr r11, r12\n"
      "ldr r5, [r0, #96]\n"
      "ssat r11, #8, r11\n"
      "strb r9, [r2, #4]\n"
      "ldr r12, [sp]\n"
      "ldr r7, [r1, #64]\n"
      "ldr r6, [r0, #112]\n"
      "strb r10, [r2, #8]\n"
      "add r0, #64\n"
      "strb r11, [r2, #12]\n"
      "add r2, #16\n"
      "cmp r0, r12\n"
      "str r2, [sp, #4]\n"
      "ldr r11, [r1]\n"
      "beq 9f\n"
      "ldr r2, [sp, #8]\n"
      "b 2b\n"
      "9:\n"
      "mov r7, r12\n"
      KWS_ROW_EXIT
      "6:\n"
      "mov r8, r11\n"
      "mov r9, r11\n"
      "mov r10, r11\n"
      KWS_ROW_BEGIN
      KWS_ROW_NEXT
      "5:\n"  // a filter row
      "ldr r3, [r0]\n"
      "ldr r4, [r0, #16]\n"
      "ldr r5, [r0, #32]\n"
      "ldr r7, [r1, #64]\n"
      "ldr r6, [r0, #48]\n"
      KWS_ROW_FIRST2("r8", "r9", "r10")
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
