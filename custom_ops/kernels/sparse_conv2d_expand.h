// int8 activations to the doubled int16 of a narrow layer's tile, one lane (or two) at a time.
#ifndef CUSTOM_OPS_KERNELS_SPARSE_CONV2D_EXPAND_H_
#define CUSTOM_OPS_KERNELS_SPARSE_CONV2D_EXPAND_H_

#include <cstdint>

#include "custom_ops/kernels/dsp_bytes.h"
#include "custom_ops/kernels/sparse_conv2d_tile.h"

namespace kws {

inline uint32_t DoubleHalves(uint32_t halves) {
#if KWS_DSP_NATIVE
  uint32_t result;
  asm("sadd16 %0, %1, %1" : "=r"(result) : "r"(halves));
  return result;
#else
  return PackHalves(2 * LowHalf(halves), 2 * HighHalf(halves));
#endif
}

// Bytes to int16 pairs (0, 2) and (1, 3), the zero point subtracted, doubled.
struct Expander {
  uint32_t negated_zero_points;

  uint32_t Even(uint32_t bytes) const {
    return DoubleHalves(AddEvenBytes(negated_zero_points, bytes));
  }
  uint32_t Odd(uint32_t bytes) const {
    return DoubleHalves(AddOddBytes(negated_zero_points, bytes));
  }
};

// Whole groups of four columns; returns the columns done.
inline int32_t ExpandQuads(Expander expand, const int8_t* source, int32_t columns, uint32_t* word) {
  int32_t k = 0;
#if KWS_DSP_NATIVE
  // 16 columns a step. One SXTAB16 or SADD16 a cycle is the bound: the rest pairs with them.
  if (columns >= 16) {
    int32_t steps = columns / 16;
    k = steps * 16;
    const int8_t* from = source;
    uint32_t a, b, c, d, even;
    // clang-format off
#define KWS_EXPAND(x, offset, last, other)                  \
  "sxtab16 %[even], %[negated], " x "\n"                    \
  last                                                      \
  "sxtab16 " x ", %[negated], " x ", ror #8\n"              \
  other                                                     \
  "sadd16 %[even], %[even], %[even]\n"                      \
  "sadd16 " x ", " x ", " x "\n"                            \
  "str %[even], [%[word], #" offset "]\n"
    asm volatile(
        "1:\n"
        "ldr %[a], [%[from]]\n"
        "ldr %[b], [%[from], #4]\n"
        "ldr %[c], [%[from], #8]\n"
        "ldr %[d], [%[from], #12]\n"
        KWS_EXPAND("%[a]", "0", "subs %[steps], #1\n", "add %[from], #16\n")
        KWS_EXPAND("%[b]", "64", "str %[a], [%[word], #32]\n", )
        KWS_EXPAND("%[c]", "128", "str %[b], [%[word], #96]\n", )
        KWS_EXPAND("%[d]", "192 - 256", "str %[c], [%[word], #160]\n", "add %[word], #256\n")
        "str %[d], [%[word], #224 - 256]\n"
        "bne 1b\n"
        : [from] "+r"(from), [word] "+r"(word), [steps] "+r"(steps), [a] "=&r"(a), [b] "=&r"(b),
          [c] "=&r"(c), [d] "=&r"(d), [even] "=&r"(even)
        : [negated] "r"(expand.negated_zero_points)
        : "cc", "memory");
#undef KWS_EXPAND
    // clang-format on
  }
#endif
  for (; k + 4 <= columns; k += 4, word += 2 * kTile) {
    const uint32_t bytes = LoadWord(source + k);
    word[0] = expand.Even(bytes);
    word[kTile] = expand.Odd(bytes);
  }
  return k;
}

inline int32_t ExpandPairs(Expander expand, const int8_t* source, int32_t columns, uint32_t* word) {
  int32_t k = 0;
#if KWS_DSP_NATIVE
  // Eight columns a step, six instructions of one a cycle for each four.
  if (columns >= 8) {
    int32_t steps = columns / 8;
    k = steps * 8;
    const int8_t* from = source;
    uint32_t a, b, even, pair;
    // clang-format off
#define KWS_EXPAND(x, offset, one, two)                      \
  "sxtab16 %[even], %[negated], " x "\n"                     \
  one                                                        \
  "sxtab16 " x ", %[negated], " x ", ror #8\n"               \
  two                                                        \
  "sadd16 %[even], %[even], %[even]\n"                       \
  "sadd16 " x ", " x ", " x "\n"                             \
  "pkhbt %[pair], %[even], " x ", lsl #16\n"                 \
  "pkhtb " x ", " x ", %[even], asr #16\n"                   \
  "str %[pair], [%[word], #" offset "]\n"
    asm volatile(
        "1:\n"
        "ldr %[a], [%[from]]\n"
        "ldr %[b], [%[from], #4]\n"
        KWS_EXPAND("%[a]", "0", "subs %[steps], #1\n", "add %[from], #8\n")
        KWS_EXPAND("%[b]", "64 - 128", "str %[a], [%[word], #32]\n", "add %[word], #128\n")
        "str %[b], [%[word], #96 - 128]\n"
        "bne 1b\n"
        : [from] "+r"(from), [word] "+r"(word), [steps] "+r"(steps), [a] "=&r"(a), [b] "=&r"(b),
          [even] "=&r"(even), [pair] "=&r"(pair)
        : [negated] "r"(expand.negated_zero_points)
        : "cc", "memory");
#undef KWS_EXPAND
    // clang-format on
  }
#endif
  for (; k + 4 <= columns; k += 4, word += 2 * kTile) {
    const uint32_t bytes = LoadWord(source + k);
    const uint32_t even = expand.Even(bytes);
    const uint32_t odd = expand.Odd(bytes);
    word[0] = PackLowHalves(even, odd);
    word[kTile] = PackHighHalves(even, odd);
  }
  return k;
}

// A word holds two lanes of one column.
inline int32_t ExpandSingles(Expander expand, const int8_t* source, const int8_t* second,
                             int32_t columns, uint32_t* word) {
  int32_t k = 0;
  for (; k + 4 <= columns; k += 4, word += 2 * kTile) {
    const uint32_t bytes = LoadWord(source + k);
    const uint32_t bytes_of_second = LoadWord(second + k);
    const uint32_t even = expand.Even(bytes);
    const uint32_t odd = expand.Odd(bytes);
    const uint32_t even_of_second = expand.Even(bytes_of_second);
    const uint32_t odd_of_second = expand.Odd(bytes_of_second);
    word[0] = PackLowHalves(even, even_of_second);
    word[kTile / 2] = PackLowHalves(odd, odd_of_second);
    word[kTile] = PackHighHalves(even, even_of_second);
    word[kTile / 2 * 3] = PackHighHalves(odd, odd_of_second);
  }
  return k;
}

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_SPARSE_CONV2D_EXPAND_H_
