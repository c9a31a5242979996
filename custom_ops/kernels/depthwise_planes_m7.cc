// PlaneRowPair for the Cortex-M7 and its portable twin.
#include "custom_ops/kernels/depthwise_planes.h"
#include "custom_ops/kernels/dsp_bytes.h"

namespace kws {

#if KWS_DSP_NATIVE

namespace {

// Registers of the loop over positions, all fourteen:
//   r0 column of the plane   r1 stage      r2 multiplier     r3 right shift + count * 256
//   r4 a0, then b2           r5-r8 b0 a1 b1 a2               r9 what SMMLAR adds to, bias
//   r10, r11 the two sums    r12, lr u and l
// ASR takes the shift from the lowest byte of r3, SUBS and BPL count in the others. Loads stand two
// or more cycles ahead of the multiplication that needs them, and the first products of the next
// position fill the gap in which the two outputs are requantised; those of the last position are
// not used. On the stack: bias, offset, next channel, stage, b2, a0,
// column.
#define KWS_PLANE_ROW_PAIR(name, u, l)                                                       \
  [[gnu::naked, gnu::noinline]] void name(const PlaneChannel*, const uint32_t*, uint32_t*) { \
    asm("push {r4-r11, lr}\n"                                                                \
        "sub sp, #28\n"                                                                      \
        "mov r10, r0\n"                                                                      \
        "mov r0, r1\n"                                                                       \
        "mov r1, r2\n"                                                                       \
        "1:\n" /* one channel */                                                             \
        "ldm r10!, {r2-r9}\n"                                                                \
        "ldm r10!, {r11, r12}\n"                                                             \
        "strd r11, r12, [sp]\n"                                                              \
        "ldr r12, [r0, #" u                                                                  \
        "]\n"                                                                                \
        "strd r10, r1, [sp, #8]\n"                                                           \
        "ldr lr, [r0, #" l                                                                   \
        "]\n"                                                                                \
        "strd r9, r4, [sp, #16]\n"                                                           \
        "str r0, [sp, #24]\n"                                                                \
        "mov r9, r11\n"                                                                      \
        "smlad r10, r12, r4, r11\n"                                                          \
        "smlabt r10, lr, r5, r10\n"                                                          \
        ".p2align 3\n"                                                                       \
        "2:\n" /* one position in both rows */                                               \
        "smlatb r11, r12, r4, r9\n"                                                          \
        "ldr r12, [r0, #32+" u                                                               \
        "]\n"                                                                                \
        "smlad r11, lr, r5, r11\n"                                                           \
        "ldr lr, [r0, #32+" l                                                                \
        "]\n"                                                                                \
        "smlad r10, r12, r6, r10\n"                                                          \
        "ldr r4, [sp, #16]\n"                                                                \
        "smlabt r10, lr, r7, r10\n"                                                          \
        "subs r3, #256\n"                                                                    \
        "smlatb r11, r12, r6, r11\n"                                                         \
        "ldr r12, [r0, #64+" u                                                               \
        "]\n"                                                                                \
        "smlad r11, lr, r7, r11\n"                                                           \
        "ldr lr, [r0, #64+" l                                                                \
        "]\n"                                                                                \
        "smlad r10, r12, r8, r10\n"                                                          \
        "add r0, #32\n"                                                                      \
        "smlabt r10, lr, r4, r10\n"                                                          \
        "smlatb r11, r12, r8, r11\n"                                                         \
        "ldr r12, [sp, #4]\n"                                                                \
        "smlad r11, lr, r4, r11\n"                                                           \
        "ldr lr, [r0, #" l                                                                   \
        "]\n"                                                                                \
        "add r9, r12, r10, asr #31\n"                                                        \
        "smmlar r9, r10, r2, r9\n"                                                           \
        "ldr r10, [sp]\n"                                                                    \
        "ldr r4, [sp, #20]\n"                                                                \
        "add r12, r12, r11, asr #31\n"                                                       \
        "smmlar r11, r11, r2, r12\n"                                                         \
        "ldr r12, [r0, #" u                                                                  \
        "]\n"                                                                                \
        "asr r9, r3\n"                                                                       \
        "ssat r9, #8, r9\n"                                                                  \
        "smlabt r10, lr, r5, r10\n"                                                          \
        "strb r9, [r1], #8\n"                                                                \
        "asr r11, r3\n"                                                                      \
        "ssat r11, #8, r11\n"                                                                \
        "smlad r10, r12, r4, r10\n"                                                          \
        "strb r11, [r1, #-4]\n"                                                              \
        "ldr r9, [sp]\n"                                                                     \
        "bpl 2b\n"                                                                           \
        "ldrd r10, r1, [sp, #8]\n"                                                           \
        "ldr r0, [sp, #24]\n"                                                                \
        "add r0, #8\n"                                                                       \
        "add r1, #1\n"                                                                       \
        "tst r1, #3\n"                                                                       \
        "bne 1b\n"                                                                           \
        "add sp, #28\n"                                                                      \
        "pop {r4-r11, pc}\n");                                                               \
  }

KWS_PLANE_ROW_PAIR(EvenRowPair, "0", "4")
KWS_PLANE_ROW_PAIR(OddRowPair, "4", "0")

}  // namespace

void PlaneRowPair(const PlaneChannel (&channels)[kPlaneQuad], const uint32_t* planes,
                  int32_t parity, int32_t, uint32_t* stage) {
  (parity == 0 ? EvenRowPair : OddRowPair)(channels, planes, stage);
}

#else

void PlaneRowPair(const PlaneChannel (&channels)[kPlaneQuad], const uint32_t* planes,
                  int32_t parity, int32_t out_w, uint32_t* stage) {
  for (int32_t i = 0; i < kPlaneQuad; ++i, planes += 2) {
    const PlaneChannel& channel = channels[i];
    int8_t* output = reinterpret_cast<int8_t*>(stage) + i;
    for (int32_t x = 0; x < out_w; ++x, output += 2 * kPlaneQuad) {
      int32_t first = channel.bias;
      int32_t second = channel.bias;
      for (int32_t tap = 0; tap < kPlaneTaps; ++tap) {
        const uint32_t u = planes[kColumnWords * (x + tap) + parity];
        const uint32_t l = planes[kColumnWords * (x + tap) + 1 - parity];
        const uint32_t a = channel.weights[2 * tap];
        const uint32_t b = channel.weights[2 * tap + 1];
        first = MultiplyAccumulateDual(u, a, first) + LowHalf(l) * HighHalf(b);
        second = MultiplyAccumulateDual(l, b, second) + HighHalf(u) * LowHalf(a);
      }
      const int32_t right = channel.right_and_count & 0xFF;
      FastRequantizer requantize(channel.multiplier, right, 0);
      requantize.offset = channel.offset;
      output[0] = static_cast<int8_t>(requantize.Doubled(first));
      output[kPlaneQuad] = static_cast<int8_t>(requantize.Doubled(second));
    }
  }
}

#endif

}  // namespace kws
