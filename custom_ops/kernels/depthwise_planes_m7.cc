// PlaneRowPair for the Cortex-M7: one loop for channels with all rows, and shorter ones for those
// without some. What they compute stands in depthwise_planes_portable.cc.
#include "custom_ops/kernels/depthwise_planes.h"
#include "custom_ops/kernels/dsp.h"

#if KWS_DSP_NATIVE

namespace kws {
namespace {

// Registers of the loop over positions, all fourteen:
//   r0 column of the plane   r1 stage      r2 multiplier     r3 right shift + count * 256
//   r4 a0, then b2           r5-r8 b0 a1 b1 a2               r9 what SMMLAR adds to, bias
//   r10, r11 the two sums    r12, lr u and l
// ASR takes the shift from the lowest byte of r3, SUBS and BPL count in the others. Loads stand two
// or more cycles ahead of the multiplication that needs them, and the first products of the next
// position fill the gap in which the two outputs are requantised; those of the last position are
// not used. On the stack: bias, offset, next channel, stage, b2, a0,
// column, channels left.
#define KWS_PLANE_ROW_PAIR(name, u, l)                                                    \
  [[gnu::naked, gnu::noinline]] void name(const PlaneChannel*, const uint32_t*, uint8_t*, \
                                          int32_t) {                                      \
    asm("push {r4-r11, lr}\n"                                                             \
        "sub sp, #36\n"                                                                   \
        "str r3, [sp, #28]\n"                                                             \
        "mov r10, r0\n"                                                                   \
        "mov r0, r1\n"                                                                    \
        "mov r1, r2\n"                                                                    \
        "1:\n" /* one channel */                                                          \
        "ldm r10!, {r2-r9}\n"                                                             \
        "ldm r10!, {r11, r12}\n"                                                          \
        "strd r11, r12, [sp]\n"                                                           \
        "ldr r12, [r0, #" u                                                               \
        "]\n"                                                                             \
        "strd r10, r1, [sp, #8]\n"                                                        \
        "ldr lr, [r0, #" l                                                                \
        "]\n"                                                                             \
        "strd r9, r4, [sp, #16]\n"                                                        \
        "str r0, [sp, #24]\n"                                                             \
        "mov r9, r11\n"                                                                   \
        "smlad r10, r12, r4, r11\n"                                                       \
        "smlabt r10, lr, r5, r10\n"                                                       \
        ".p2align 3\n"                                                                    \
        "2:\n" /* one position in both rows */                                            \
        "smlatb r11, r12, r4, r9\n"                                                       \
        "ldr r12, [r0, #32+" u                                                            \
        "]\n"                                                                             \
        "smlad r11, lr, r5, r11\n"                                                        \
        "ldr lr, [r0, #32+" l                                                             \
        "]\n"                                                                             \
        "smlad r10, r12, r6, r10\n"                                                       \
        "ldr r4, [sp, #16]\n"                                                             \
        "smlabt r10, lr, r7, r10\n"                                                       \
        "subs r3, #256\n"                                                                 \
        "smlatb r11, r12, r6, r11\n"                                                      \
        "ldr r12, [r0, #64+" u                                                            \
        "]\n"                                                                             \
        "smlad r11, lr, r7, r11\n"                                                        \
        "ldr lr, [r0, #64+" l                                                             \
        "]\n"                                                                             \
        "smlad r10, r12, r8, r10\n"                                                       \
        "add r0, #32\n"                                                                   \
        "smlabt r10, lr, r4, r10\n"                                                       \
        "smlatb r11, r12, r8, r11\n"                                                      \
        "ldr r12, [sp, #4]\n"                                                             \
        "smlad r11, lr, r4, r11\n"                                                        \
        "ldr lr, [r0, #" l                                                                \
        "]\n"                                                                             \
        "add r9, r12, r10, asr #31\n"                                                     \
        "smmlar r9, r10, r2, r9\n"                                                        \
        "ldr r10, [sp]\n"                                                                 \
        "ldr r4, [sp, #20]\n"                                                             \
        "add r12, r12, r11, asr #31\n"                                                    \
        "smmlar r11, r11, r2, r12\n"                                                      \
        "ldr r12, [r0, #" u                                                               \
        "]\n"                                                                             \
        "asr r9, r3\n"                                                                    \
        "ssat r9, #8, r9\n"                                                               \
        "smlabt r10, lr, r5, r10\n"                                                       \
        "strb r9, [r1], #8\n"                                                             \
        "asr r11, r3\n"                                                                   \
        "ssat r11, #8, r11\n"                                                             \
        "smlad r10, r12, r4, r10\n"                                                       \
        "strb r11, [r1, #-4]\n"                                                           \
        "ldr r9, [sp]\n"                                                                  \
        "bpl 2b\n"                                                                        \
        "ldrd r10, r1, [sp, #8]\n"                                                        \
        "ldr r0, [sp, #24]\n"                                                             \
        "add r0, #8\n"                                                                    \
        "add r1, #1\n"                                                                    \
        "ldr r2, [sp, #28]\n"                                                             \
        "subs r2, #1\n"                                                                   \
        "str r2, [sp, #28]\n"                                                             \
        "bne 1b\n"                                                                        \
        "add sp, #36\n"                                                                   \
        "pop {r4-r11, pc}\n");                                                            \
  }

KWS_PLANE_ROW_PAIR(EvenRowPair, "0", "4")
KWS_PLANE_ROW_PAIR(OddRowPair, "4", "0")
#undef KWS_PLANE_ROW_PAIR

// One channel with two neighbouring rows of weights, w: the output row that needs one row pair
// only, `near`, takes three SMLADs and is requantised while the other one is summed up from both.
//   r0 column of the plane   r1 stage         r2 multiplier   r3 right shift + count * 256
//   r4-r6 w of each column   r7 temporary     r8 offset       r9, r10 the two sums
//   r11, r12, lr words of the plane           on the stack: bias, twice
#define KWS_PLANE_TWO_ROWS(name, near, far, mac_near, mac_far, early, late)                 \
  [[gnu::naked, gnu::noinline]] void name(const PlaneChannel*, const uint32_t*, uint8_t*) { \
    asm("push {r4-r11, lr}\n"                                                               \
        "sub sp, #12\n"                                                                     \
        "mov r12, r0\n"                                                                     \
        "mov r0, r1\n"                                                                      \
        "mov r1, r2\n"                                                                      \
        "ldm r12, {r2-r6}\n"                                                                \
        "ldrd r9, r8, [r12, #32]\n"                                                         \
        "strd r9, r9, [sp]\n"                                                               \
        "mov r10, r9\n"                                                                     \
        "ldr r11, [r0, #" near                                                              \
        "]\n"                                                                               \
        "ldr r12, [r0, #32+" near                                                           \
        "]\n"                                                                               \
        "ldr lr, [r0, #64+" near                                                            \
        "]\n"                                                                               \
        "smlad r9, r11, r4, r9\n"                                                           \
        "smlad r9, r12, r5, r9\n"                                                           \
        "smlad r9, lr, r6, r9\n"                                                            \
        ".p2align 3\n"                                                                      \
        "1:\n"                                                                              \
        "" mac_near                                                                         \
        " r10, r11, r4, r10\n"                                                              \
        "ldr r11, [r0, #" far                                                               \
        "]\n"                                                                               \
        "" mac_near                                                                         \
        " r10, r12, r5, r10\n"                                                              \
        "ldr r12, [r0, #32+" far                                                            \
        "]\n"                                                                               \
        "add r7, r8, r9, asr #31\n"                                                         \
        "smmlar r9, r9, r2, r7\n"                                                           \
        "" mac_near                                                                         \
        " r10, lr, r6, r10\n"                                                               \
        "ldr lr, [r0, #64+" far                                                             \
        "]\n"                                                                               \
        "" mac_far                                                                          \
        " r10, r11, r4, r10\n"                                                              \
        "ldr r11, [r0, #32+" near                                                           \
        "]\n"                                                                               \
        "" mac_far                                                                          \
        " r10, r12, r5, r10\n"                                                              \
        "ldr r12, [r0, #64+" near                                                           \
        "]\n"                                                                               \
        "" mac_far                                                                          \
        " r10, lr, r6, r10\n"                                                               \
        "asr r9, r3\n"                                                                      \
        "ssat r9, #8, r9\n"                                                                 \
        "strb r9, [r1, #" early                                                             \
        "]\n"                                                                               \
        "ldr r9, [sp]\n"                                                                    \
        "ldr lr, [r0, #96+" near                                                            \
        "]\n"                                                                               \
        "add r7, r8, r10, asr #31\n"                                                        \
        "smmlar r7, r10, r2, r7\n"                                                          \
        "smlad r9, r11, r4, r9\n"                                                           \
        "ldr r10, [sp, #4]\n"                                                               \
        "smlad r9, r12, r5, r9\n"                                                           \
        "subs r3, #256\n"                                                                   \
        "asr r7, r3\n"                                                                      \
        "smlad r9, lr, r6, r9\n"                                                            \
        "add r0, #32\n"                                                                     \
        "ssat r7, #8, r7\n"                                                                 \
        "strb r7, [r1, #" late                                                              \
        "]\n"                                                                               \
        "add r1, #8\n"                                                                      \
        "bpl 1b\n"                                                                          \
        "add sp, #12\n"                                                                     \
        "pop {r4-r11, pc}\n");                                                              \
  }

KWS_PLANE_TWO_ROWS(EvenUpper, "0", "4", "smlatb", "smlabt", "0", "4")
KWS_PLANE_TWO_ROWS(OddUpper, "4", "0", "smlatb", "smlabt", "0", "4")
KWS_PLANE_TWO_ROWS(EvenLower, "4", "0", "smlabt", "smlatb", "4", "0")
KWS_PLANE_TWO_ROWS(OddLower, "0", "4", "smlabt", "smlatb", "4", "0")
#undef KWS_PLANE_TWO_ROWS

// One channel with one row of weights: the low halves of one row pair make the first output row,
// the high halves the second. Registers as above.
[[gnu::naked, gnu::noinline]] void OneRow(const PlaneChannel*, const uint32_t*, uint8_t*) {
  asm("push {r4-r11, lr}\n"
      "sub sp, #12\n"
      "mov r12, r0\n"
      "mov r0, r1\n"
      "mov r1, r2\n"
      "ldm r12, {r2-r6}\n"
      "ldrd r9, r8, [r12, #32]\n"
      "strd r9, r9, [sp]\n"
      "mov r10, r9\n"
      "ldr r11, [r0]\n"
      "ldr r12, [r0, #32]\n"
      "ldr lr, [r0, #64]\n"
      "smlabb r9, r11, r4, r9\n"
      "smlabb r9, r12, r5, r9\n"
      "smlabb r9, lr, r6, r9\n"
      ".p2align 3\n"
      "1:\n"
      "smlatb r10, r11, r4, r10\n"
      "ldr r11, [r0, #32]\n"
      "smlatb r10, r12, r5, r10\n"
      "ldr r12, [r0, #64]\n"
      "add r7, r8, r9, asr #31\n"
      "smmlar r9, r9, r2, r7\n"
      "smlatb r10, lr, r6, r10\n"
      "ldr lr, [r0, #96]\n"
      "subs r3, #256\n"
      "add r0, #32\n"
      "asr r9, r3\n"
      "ssat r9, #8, r9\n"
      "strb r9, [r1], #8\n"
      "add r7, r8, r10, asr #31\n"
      "smmlar r7, r10, r2, r7\n"
      "ldr r9, [sp]\n"
      "ldr r10, [sp, #4]\n"
      "smlabb r9, r11, r4, r9\n"
      "smlabb r9, r12, r5, r9\n"
      "asr r7, r3\n"
      "ssat r7, #8, r7\n"
      "smlabb r9, lr, r6, r9\n"
      "strb r7, [r1, #-4]\n"
      "bpl 1b\n"
      "add sp, #12\n"
      "pop {r4-r11, pc}\n");
}

void RunChannel(PlaneRows rows, const PlaneChannel& channel, const uint32_t* planes, int32_t parity,
                uint8_t* stage) {
  switch (rows) {
    case PlaneRows::kAll:
      (parity == 0 ? EvenRowPair : OddRowPair)(&channel, planes, stage, 1);
      break;
    case PlaneRows::kUpper:
      (parity == 0 ? EvenUpper : OddUpper)(&channel, planes, stage);
      break;
    case PlaneRows::kLower:
      (parity == 0 ? EvenLower : OddLower)(&channel, planes, stage);
      break;
    case PlaneRows::kFirst:
      OneRow(&channel, planes + parity, stage);
      break;
    case PlaneRows::kLast:
      OneRow(&channel, planes + 1 - parity, stage);
      break;
  }
}

}  // namespace

void PlaneRowPair(const PlaneQuad& quad, const uint32_t* planes, int32_t parity, int32_t,
                  uint32_t* stage) {
  uint8_t* const bytes = reinterpret_cast<uint8_t*>(stage);
  if (quad.all) {
    (parity == 0 ? EvenRowPair : OddRowPair)(quad.channels, planes, bytes, kPlaneQuad);
    return;
  }
  for (int32_t i = 0; i < kPlaneQuad; ++i) {
    RunChannel(quad.rows[i], quad.channels[i], planes + 2 * i, parity, bytes + i);
  }
}

}  // namespace kws

#endif  // KWS_DSP_NATIVE
