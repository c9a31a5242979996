// How rows of activations and of taps become words of two neighbouring int16, one word a channel.
#ifndef CUSTOM_OPS_KERNELS_DEPTHWISE_ROWS_WEAVE_H_
#define CUSTOM_OPS_KERNELS_DEPTHWISE_ROWS_WEAVE_H_

#include <cstdint>

#include "custom_ops/kernels/depthwise_planes.h"
#include "custom_ops/kernels/dsp_bytes.h"

namespace kws {

// One position of four channels: two int16 of channels 0 and 2, and of 1 and 3.
struct Halves {
  uint32_t even, odd;
};

inline Halves Extend(uint32_t even, uint32_t odd, uint32_t bytes) {
  return {AddEvenBytes(even, bytes), AddOddBytes(odd, bytes)};
}

inline Halves Extend(uint32_t negated, uint32_t bytes) { return Extend(negated, negated, bytes); }

// Two neighbouring positions as one word a channel.
inline void Weave(const Halves& first, const Halves& second, uint32_t* words) {
  words[0] = PackLowHalves(first.even, second.even);
  words[1] = PackLowHalves(first.odd, second.odd);
  words[2] = PackHighHalves(first.even, second.even);
  words[3] = PackHighHalves(first.odd, second.odd);
}

// `pairs` pairs of positions, one at least, `pixel` bytes apart.
inline void WeavePairs(const int8_t* input, int32_t pixel, uint32_t negated, int32_t pairs,
                       uint32_t* words) {
#if KWS_DSP_NATIVE
  uint32_t first, second, even0, odd0, even1, odd1, word;
  asm volatile(
      "ldr %[first], [%[input]]\n"
      "ldr %[second], [%[input], %[pixel]]\n"
      "1:\n"
      "sxtab16 %[even0], %[negated], %[first]\n"
      "add %[input], %[step]\n"
      "sxtab16 %[odd0], %[negated], %[first], ror #8\n"
      "subs %[pairs], #1\n"
      "sxtab16 %[even1], %[negated], %[second]\n"
      "sxtab16 %[odd1], %[negated], %[second], ror #8\n"
      "itt ne\n"
      "ldrne %[first], [%[input]]\n"
      "ldrne %[second], [%[input], %[pixel]]\n"
      "pkhbt %[word], %[even0], %[even1], lsl #16\n"
      "str %[word], [%[words]]\n"
      "pkhtb %[even1], %[even1], %[even0], asr #16\n"
      "str %[even1], [%[words], #8]\n"
      "pkhbt %[word], %[odd0], %[odd1], lsl #16\n"
      "str %[word], [%[words], #4]\n"
      "pkhtb %[odd1], %[odd1], %[odd0], asr #16\n"
      "str %[odd1], [%[words], #12]\n"
      "add %[words], #16\n"
      "bne 1b\n"
      : [input] "+r"(input), [pairs] "+r"(pairs), [words] "+r"(words), [first] "=&r"(first),
        [second] "=&r"(second), [even0] "=&r"(even0), [odd0] "=&r"(odd0), [even1] "=&r"(even1),
        [odd1] "=&r"(odd1), [word] "=&r"(word)
      : [pixel] "r"(pixel), [step] "r"(2 * pixel), [negated] "r"(negated)
      : "cc", "memory");
#else
  for (; pairs > 0; --pairs, input += 2 * pixel, words += kPlaneQuad) {
    const Halves second = Extend(negated, LoadWord(input + pixel));
    Weave(Extend(negated, LoadWord(input)), second, words);
  }
#endif
}

// One filter row of four channels, `column` bytes from tap to tap: twice each tap, zero beyond
// `taps`, as words of the pairs (-1, 0), (0, 1), (1, 2) ... up to `end`; the words of every second
// pair are `skipped` bytes long, 0 to leave it out.
inline void WeaveTaps(const int8_t* tap, int32_t column, int32_t taps, int32_t skipped,
                      uint32_t* words, const uint32_t* end) {
#if KWS_DSP_NATIVE
  uint32_t first, second, even, odd, word;
  uint32_t even_before = 0, odd_before = 0;
  asm volatile(
      "ldr %[first], [%[tap]]\n"
      "1:\n"
      "sxtb16 %[even], %[first]\n"
      "cmp %[taps], #1\n"
      "sxtb16 %[odd], %[first], ror #8\n"
      "mov %[second], #0\n"
      "sxtab16 %[even], %[even], %[first]\n"
      "add %[tap], %[column]\n"
      "sxtab16 %[odd], %[odd], %[first], ror #8\n"
      "it gt\n"
      "ldrgt %[second], [%[tap]]\n"
      "add %[tap], %[column]\n"
      "cbz %[skipped], 2f\n"
      "pkhbt %[word], %[even_before], %[even], lsl #16\n"
      "pkhtb %[even_before], %[even], %[even_before], asr #16\n"
      "str %[word], [%[words]]\n"
      "pkhbt %[word], %[odd_before], %[odd], lsl #16\n"
      "str %[even_before], [%[words], #8]\n"
      "pkhtb %[odd_before], %[odd], %[odd_before], asr #16\n"
      "str %[word], [%[words], #4]\n"
      "str %[odd_before], [%[words], #12]\n"
      "add %[words], %[skipped]\n"
      "2:\n"
      "sxtb16 %[even_before], %[second]\n"
      "sxtb16 %[odd_before], %[second], ror #8\n"
      "sxtab16 %[even_before], %[even_before], %[second]\n"
      "subs %[taps], #2\n"
      "sxtab16 %[odd_before], %[odd_before], %[second], ror #8\n"
      "mov %[first], #0\n"
      "it gt\n"
      "ldrgt %[first], [%[tap]]\n"
      "pkhbt %[word], %[even], %[even_before], lsl #16\n"
      "str %[word], [%[words]], #16\n"
      "pkhtb %[even], %[even_before], %[even], asr #16\n"
      "cmp %[words], %[end]\n"
      "pkhbt %[word], %[odd], %[odd_before], lsl #16\n"
      "str %[even], [%[words], #-8]\n"
      "pkhtb %[odd], %[odd_before], %[odd], asr #16\n"
      "str %[word], [%[words], #-12]\n"
      "str %[odd], [%[words], #-4]\n"
      "bne 1b\n"
      : [tap] "+r"(tap), [taps] "+r"(taps), [words] "+r"(words), [first] "=&r"(first),
        [second] "=&r"(second), [even] "=&r"(even), [odd] "=&r"(odd), [word] "=&r"(word),
        [even_before] "+r"(even_before), [odd_before] "+r"(odd_before)
      : [column] "r"(column), [skipped] "l"(skipped), [end] "r"(end)
      : "cc", "memory");
#else
  Halves before = {0, 0};
  for (; words != end; taps -= 2, tap += 2 * column) {
    const uint32_t first = taps > 0 ? LoadWord(tap) : 0;
    const uint32_t second = taps > 1 ? LoadWord(tap + column) : 0;
    const Halves even = Extend(ExtendEvenBytes(first), ExtendOddBytes(first), first);
    const Halves odd = Extend(ExtendEvenBytes(second), ExtendOddBytes(second), second);
    Weave(before, even, words);
    words += skipped / static_cast<int32_t>(sizeof(*words));
    Weave(even, odd, words);
    words += kPlaneQuad;
    before = odd;
  }
#endif
}

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_DEPTHWISE_ROWS_WEAVE_H_
