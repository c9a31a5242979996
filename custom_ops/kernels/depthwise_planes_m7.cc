// RunPlaneGroup for the Cortex-M7: a loop for channels with all rows, and shorter ones for those
// without some. What they compute stands in depthwise_planes_portable.cc.
//
// Each takes a channel, the first column of its plane, its byte of the stage and the number of row
// pairs. Loads stand two or more cycles ahead of the multiplication that needs them, and the first
// products of the next position fill the gaps in which the outputs are requantised; those of the
// last position are not used. 96 bytes from column to column.
#include "custom_ops/kernels/depthwise_planes.h"
#include "custom_ops/kernels/dsp.h"

#if KWS_DSP_NATIVE

namespace kws {
namespace {

static_assert(kColumnWords * sizeof(uint32_t) == 96, "offsets of the loads below");

using PlaneLoop = void (*)(const PlaneChannel*, const uint32_t*, uint8_t*, int32_t);

// Registers of the loop over positions, all fourteen:
//   r0 column of the plane   r1 stage      r2 multiplier     r3 right shift + count * 256
//   r4 a0, then b2           r5-r8 b0 a1 b1 a2               r9 what SMMLAR adds to, bias
//   r10, r11 the two sums    r12, lr u and l
// ASR takes the shift from the lowest byte of r3, SUBS and BPL count in the others. On the stack:
// bias, offset, row pairs left, the first r3, b2, a0, the first column.
[[gnu::naked, gnu::noinline]] void AllRows(const PlaneChannel*, const uint32_t*, uint8_t*,
                                           int32_t) {
  asm("push {r4-r11, lr}\n"
      "sub sp, #28\n"
      "str r3, [sp, #8]\n"
      "mov r12, r0\n"
      "mov r0, r1\n"
      "mov r1, r2\n"
      "ldm r12, {r2-r9}\n"
      "ldrd r10, r11, [r12, #32]\n"
      "strd r10, r11, [sp]\n"
      "strd r9, r4, [sp, #16]\n"
      "str r3, [sp, #12]\n"
      "mov r9, r10\n"
      "1:\n"  // one row pair
      "ldr r12, [r0]\n"
      "ldr lr, [r0, #4]\n"
      "str r0, [sp, #24]\n"
      "smlad r10, r12, r4, r9\n"
      "smlabt r10, lr, r5, r10\n"
      ".p2align 3\n"
      "2:\n"  // one position in both rows
      "smlatb r11, r12, r4, r9\n"
      "ldr r12, [r0, #96]\n"
      "smlad r11, lr, r5, r11\n"
      "ldr lr, [r0, #100]\n"
      "smlad r10, r12, r6, r10\n"
      "ldr r4, [sp, #16]\n"
      "smlabt r10, lr, r7, r10\n"
      "subs r3, #256\n"
      "smlatb r11, r12, r6, r11\n"
      "ldr r12, [r0, #192]\n"
      "smlad r11, lr, r7, r11\n"
      "ldr lr, [r0, #196]\n"
      "smlad r10, r12, r8, r10\n"
      "add r0, #96\n"
      "smlabt r10, lr, r4, r10\n"
      "smlatb r11, r12, r8, r11\n"
      "ldr r12, [sp, #4]\n"
      "smlad r11, lr, r4, r11\n"
      "ldr lr, [r0, #4]\n"
      "add r9, r12, r10, asr #31\n"
      "smmlar r9, r10, r2, r9\n"
      "ldr r10, [sp]\n"
      "ldr r4, [sp, #20]\n"
      "add r12, r12, r11, asr #31\n"
      "smmlar r11, r11, r2, r12\n"
      "ldr r12, [r0]\n"
      "asr r9, r3\n"
      "ssat r9, #8, r9\n"
      "smlabt r10, lr, r5, r10\n"
      "strb r9, [r1], #8\n"
      "asr r11, r3\n"
      "ssat r11, #8, r11\n"
      "smlad r10, r12, r4, r10\n"
      "strb r11, [r1, #-4]\n"
      "ldr r9, [sp]\n"
      "bpl 2b\n"
      "ldr r10, [sp, #8]\n"
      "ldr r3, [sp, #12]\n"
      "ldr r0, [sp, #24]\n"
      "subs r10, #1\n"
      "str r10, [sp, #8]\n"
      "add r0, #4\n"
      "bne 1b\n"
      "add sp, #28\n"
      "pop {r4-r11, pc}\n");
}

// Two neighbouring rows of weights, w: the output row that needs one row pair only, `near`, takes
// three SMLADs and is requantised while the other one is summed up from both.
//   r0 column of the plane   r1 stage         r2 multiplier   r3 right shift + count * 256
//   r4-r6 w of each column   r7 temporary     r8 offset       r9, r10 the two sums
//   r11, r12, lr words of the plane
// On the stack: bias, bias, row pairs left, the first r3, -, -, the first column.
// clang-format off
#define KWS_TWO_ROWS(name, near, far, mac_near, mac_far, early, late)                                \
  [[gnu::naked, gnu::noinline]] void name(const PlaneChannel*, const uint32_t*, uint8_t*, int32_t) { \
    asm("push {r4-r11, lr}\n"                                                                        \
        "sub sp, #28\n"                                                                              \
        "str r3, [sp, #8]\n"                                                                         \
        "mov r12, r0\n"                                                                              \
        "mov r0, r1\n"                                                                               \
        "mov r1, r2\n"                                                                               \
        "ldm r12, {r2-r6}\n"                                                                         \
        "ldrd r10, r8, [r12, #32]\n"                                                                 \
        "strd r10, r10, [sp]\n"                                                                      \
        "str r3, [sp, #12]\n"                                                                        \
        "1:\n" /* one row pair */                                                                    \
        "ldr r9, [sp]\n"                                                                             \
        "ldr r11, [r0, #" near "]\n"                                                                 \
        "ldr r12, [r0, #96+" near "]\n"                                                              \
        "ldr lr, [r0, #192+" near "]\n"                                                              \
        "str r0, [sp, #24]\n"                                                                        \
        "smlad r9, r11, r4, r9\n"                                                                    \
        "smlad r9, r12, r5, r9\n"                                                                    \
        "smlad r9, lr, r6, r9\n"                                                                     \
        ".p2align 3\n"                                                                               \
        "2:\n" /* one position in both rows */                                                       \
        mac_near " r10, r11, r4, r10\n"                                                              \
        "ldr r11, [r0, #" far "]\n"                                                                  \
        mac_near " r10, r12, r5, r10\n"                                                              \
        "ldr r12, [r0, #96+" far "]\n"                                                               \
        "add r7, r8, r9, asr #31\n"                                                                  \
        "smmlar r9, r9, r2, r7\n"                                                                    \
        mac_near " r10, lr, r6, r10\n"                                                               \
        "ldr lr, [r0, #192+" far "]\n"                                                               \
        mac_far " r10, r11, r4, r10\n"                                                               \
        "ldr r11, [r0, #96+" near "]\n"                                                              \
        mac_far " r10, r12, r5, r10\n"                                                               \
        "ldr r12, [r0, #192+" near "]\n"                                                             \
        mac_far " r10, lr, r6, r10\n"                                                                \
        "asr r9, r3\n"                                                                               \
        "ssat r9, #8, r9\n"                                                                          \
        "strb r9, [r1, #" early "]\n"                                                                \
        "ldr r9, [sp]\n"                                                                             \
        "ldr lr, [r0, #288+" near "]\n"                                                              \
        "add r7, r8, r10, asr #31\n"                                                                 \
        "smmlar r7, r10, r2, r7\n"                                                                   \
        "smlad r9, r11, r4, r9\n"                                                                    \
        "ldr r10, [sp, #4]\n"                                                                        \
        "smlad r9, r12, r5, r9\n"                                                                    \
        "subs r3, #256\n"                                                                            \
        "asr r7, r3\n"                                                                               \
        "smlad r9, lr, r6, r9\n"                                                                     \
        "add r0, #96\n"                                                                              \
        "ssat r7, #8, r7\n"                                                                          \
        "strb r7, [r1, #" late "]\n"                                                                 \
        "add r1, #8\n"                                                                               \
        "bpl 2b\n"                                                                                   \
        "ldr r11, [sp, #8]\n"                                                                        \
        "ldr r3, [sp, #12]\n"                                                                        \
        "ldr r0, [sp, #24]\n"                                                                        \
        "subs r11, #1\n"                                                                             \
        "str r11, [sp, #8]\n"                                                                        \
        "add r0, #4\n"                                                                               \
        "bne 1b\n"                                                                                   \
        "add sp, #28\n"                                                                              \
        "pop {r4-r11, pc}\n");                                                                       \
  }
// clang-format on

KWS_TWO_ROWS(UpperRows, "0", "4", "smlatb", "smlabt", "0", "4")
KWS_TWO_ROWS(LowerRows, "4", "0", "smlabt", "smlatb", "4", "0")
#undef KWS_TWO_ROWS

// One row of weights: the low halves of one row pair make the first output row, the high halves the
// second. Registers as above.
[[gnu::naked, gnu::noinline]] void OneRow(const PlaneChannel*, const uint32_t*, uint8_t*, int32_t) {
  asm("push {r4-r11, lr}\n"
      "sub sp, #28\n"
      "str r3, [sp, #8]\n"
      "mov r12, r0\n"
      "mov r0, r1\n"
      "mov r1, r2\n"
      "ldm r12, {r2-r6}\n"
      "ldrd r10, r8, [r12, #32]\n"
      "strd r10, r10, [sp]\n"
      "str r3, [sp, #12]\n"
      "1:\n"  // one row pair
      "ldr r9, [sp]\n"
      "ldr r11, [r0, #0]\n"
      "ldr r12, [r0, #96]\n"
      "ldr lr, [r0, #192]\n"
      "str r0, [sp, #24]\n"
      "smlabb r9, r11, r4, r9\n"
      "smlabb r9, r12, r5, r9\n"
      "smlabb r9, lr, r6, r9\n"
      ".p2align 3\n"
      "2:\n"  // one position in both rows
      "smlatb r10, r11, r4, r10\n"
      "ldr r11, [r0, #96]\n"
      "smlatb r10, r12, r5, r10\n"
      "ldr r12, [r0, #192]\n"
      "add r7, r8, r9, asr #31\n"
      "smmlar r9, r9, r2, r7\n"
      "smlatb r10, lr, r6, r10\n"
      "ldr lr, [r0, #288]\n"
      "subs r3, #256\n"
      "add r0, #96\n"
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
      "bpl 2b\n"
      "ldr r11, [sp, #8]\n"
      "ldr r3, [sp, #12]\n"
      "ldr r0, [sp, #24]\n"
      "subs r11, #1\n"
      "str r11, [sp, #8]\n"
      "add r0, #4\n"
      "bne 1b\n"
      "add sp, #28\n"
      "pop {r4-r11, pc}\n");
}

}  // namespace

void RunPlaneGroup(const PlaneQuad& quad, const uint32_t* planes, int32_t pairs, int32_t,
                   uint32_t* stage) {
  static constexpr PlaneLoop kLoops[] = {AllRows, UpperRows, LowerRows, OneRow, OneRow};
  uint8_t* const bytes = reinterpret_cast<uint8_t*>(stage);
  for (int32_t i = 0; i < kPlaneQuad; ++i, planes += kPlaneSlots) {
    const PlaneRows rows = quad.rows[i];
    const int32_t slot = rows == PlaneRows::kLast ? 1 : 0;
    kLoops[static_cast<int>(rows)](&quad.channels[i], planes + slot, bytes + i, pairs);
  }
}

}  // namespace kws

#endif  // KWS_DSP_NATIVE
