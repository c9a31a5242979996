// The loop stands twice: as C++, which says what it does and is the host's, and as Armv7E-M
// assembly, in which every load has its cycles before it is used. A weight is used once here, so
// loads and sign extensions count as much as products.
#include "custom_ops/kernels/sparse_fully_connected_blocks.h"
#include "custom_ops/kernels/sparse_fully_connected_quad.h"

namespace kws {
namespace {

#if KWS_DSP_NATIVE

// clang-format off
// LDRB or LDRH of the next index.
#define KWS_LOAD_INDEX(load, size, target) load " " target ", [%[indices]], #" size "\n"

// 2 * pairs + 2 blocks, `loops` being pairs + 1; two in flight: (x, i, w, e) is the first one's input pairs, weights odd
// and even; (j, v) the second one's index and weights.
#define KWS_RUNNING_SUMS(load, size)                    \
  asm volatile(                                         \
      KWS_LOAD_INDEX(load, size, "%[i]")                \
      KWS_LOAD_INDEX(load, size, "%[j]")                \
      "ldr %[w], [%[values]], #4\n"                     \
      "ldr %[v], [%[values]], #4\n"                     \
      "ldr %[x], [%[even], %[i], lsl #3]\n"             \
      "ldr %[i], [%[odd], %[i], lsl #3]\n"              \
      "sxtb16 %[e], %[w]\n"                             \
      "sxtb16 %[w], %[w], ror #8\n"                     \
      "lsrs %[loops], #1\n"                             \
      "beq 2f\n"                                        \
      "bcc 3f\n"                                        \
      ".p2align 3\n"                                    \
      "1:\n"                                            \
      KWS_RUNNING_PAIR(load, size, "")                  \
      "3:\n"                                            \
      KWS_RUNNING_PAIR(load, size, "subs %[loops], #1\n") \
      "bne 1b\n"                                        \
      "2:\n"                                            \
      "smlad %[sum], %[x], %[e], %[sum]\n"              \
      "ldr %[x], [%[even], %[j], lsl #3]\n"             \
      "smlad %[sum], %[i], %[w], %[sum]\n"              \
      "ldr %[j], [%[odd], %[j], lsl #3]\n"              \
      "sxtb16 %[e], %[v]\n"                             \
      "str %[sum], [%[sums]], #4\n"                     \
      "sxtb16 %[v], %[v], ror #8\n"                     \
      "smlad %[sum], %[x], %[e], %[sum]\n"              \
      "smlad %[sum], %[j], %[v], %[sum]\n"              \
      "str %[sum], [%[sums]], #4\n"                     \
      : [sum] "+r"(sum), [indices] "+r"(indices), [values] "+r"(values), [sums] "+r"(sums),  \
        [loops] "+r"(loops), [i] "=&r"(i), [j] "=&r"(j), [w] "=&r"(w), [v] "=&r"(v),         \
        [x] "=&r"(x), [e] "=&r"(e)                                                            \
      : [even] "r"(input), [odd] "r"(input + 1)                                               \
      : "cc", "memory")

// Two blocks in nine cycles.
#define KWS_RUNNING_PAIR(load, size, count)            \
      "smlad %[sum], %[x], %[e], %[sum]\n"      \
      "ldr %[x], [%[even], %[j], lsl #3]\n"     \
      "smlad %[sum], %[i], %[w], %[sum]\n"      \
      "ldr %[j], [%[odd], %[j], lsl #3]\n"      \
      "sxtb16 %[e], %[v]\n"                     \
      KWS_LOAD_INDEX(load, size, "%[i]")        \
      "sxtb16 %[v], %[v], ror #8\n"             \
      "str %[sum], [%[sums]], #4\n"             \
      "smlad %[sum], %[x], %[e], %[sum]\n"      \
      "ldr %[w], [%[values]], #4\n"             \
      "smlad %[sum], %[j], %[v], %[sum]\n"      \
      KWS_LOAD_INDEX(load, size, "%[j]")        \
      "sxtb16 %[e], %[w]\n"                     \
      "ldr %[x], [%[even], %[i], lsl #3]\n"     \
      "sxtb16 %[w], %[w], ror #8\n"             \
      "ldr %[i], [%[odd], %[i], lsl #3]\n"      \
      count                                     \
      "str %[sum], [%[sums]], #4\n"             \
      "ldr %[v], [%[values]], #4\n"
// clang-format on
#endif

}  // namespace

template <typename Index>
void RunningSums1x4(const Index* indices, const int8_t* values, const uint32_t* input,
                    uint32_t count, int32_t* sums) {
  int32_t sum = 0;
#if KWS_DSP_NATIVE
  if (count >= 2) {
    uint32_t loops = count / 2, i, j, w, v, x, e;
    count %= 2;
    if (sizeof(Index) == 1) {
      KWS_RUNNING_SUMS("ldrb", "1");
    } else {
      KWS_RUNNING_SUMS("ldrh", "2");
    }
  }
#endif
  for (; count != 0; --count, values += 4) {
    sum = MultiplyQuad(values, input + 2 * *indices++, sum);
    *sums++ = sum;
  }
}

template void RunningSums1x4(const uint8_t*, const int8_t*, const uint32_t*, uint32_t, int32_t*);
template void RunningSums1x4(const uint16_t*, const int8_t*, const uint32_t*, uint32_t, int32_t*);

}  // namespace kws
