// Byte and half-word instructions beside dsp.h that the dense kernels use, with the same arithmetic
// in portable C++ for the host.
#ifndef CUSTOM_OPS_KERNELS_DSP_BYTES_H_
#define CUSTOM_OPS_KERNELS_DSP_BYTES_H_

#include <cstdint>

#include "custom_ops/kernels/dsp.h"

namespace kws {

// Two int16 sums: `base` plus the sign-extended bytes 0 and 2 of `word`, wrapping. SXTAB16.
inline uint32_t AddEvenBytes(uint32_t base, uint32_t word) {
#if KWS_DSP_NATIVE
  uint32_t result;
  asm("sxtab16 %0, %1, %2" : "=r"(result) : "r"(base), "r"(word));
  return result;
#else
  const uint32_t bytes = ExtendEvenBytes(word);
  return PackHalves(LowHalf(base) + LowHalf(bytes), HighHalf(base) + HighHalf(bytes));
#endif
}

// Likewise bytes 1 and 3. SXTAB16 with a rotation.
inline uint32_t AddOddBytes(uint32_t base, uint32_t word) {
#if KWS_DSP_NATIVE
  uint32_t result;
  asm("sxtab16 %0, %1, %2, ror #8" : "=r"(result) : "r"(base), "r"(word));
  return result;
#else
  return AddEvenBytes(base, (word >> 8) | (word << 24));
#endif
}

// Low half of `low`, then low half of `high`. PKHBT.
inline uint32_t PackLowHalves(uint32_t low, uint32_t high) {
#if KWS_DSP_NATIVE
  uint32_t result;
  asm("pkhbt %0, %1, %2, lsl #16" : "=r"(result) : "r"(low), "r"(high));
  return result;
#else
  return (low & 0xFFFFu) | (high << 16);
#endif
}

// High half of `low`, then high half of `high`. PKHTB.
inline uint32_t PackHighHalves(uint32_t low, uint32_t high) {
#if KWS_DSP_NATIVE
  uint32_t result;
  asm("pkhtb %0, %1, %2, asr #16" : "=r"(result) : "r"(high), "r"(low));
  return result;
#else
  return (low >> 16) | (high & 0xFFFF0000u);
#endif
}

// Clamped to the int8 range. SSAT.
inline int32_t SaturateInt8(int32_t x) {
#if KWS_DSP_NATIVE
  return __ssat(x, 8);
#else
  return x < INT8_MIN ? INT8_MIN : (x > INT8_MAX ? INT8_MAX : x);
#endif
}

// The first `n` bytes at `p` as a word, the rest zero; all 4 when there are more, none below 1.
inline uint32_t LoadBytes(const int8_t* p, int32_t n) {
  if (n >= 4) return LoadWord(p);
  if (n <= 0) return 0;
  uint32_t word = (n & 2) != 0 ? LoadHalf(p) : 0;
  if ((n & 1) != 0) word |= static_cast<uint32_t>(static_cast<uint8_t>(p[n & 2])) << 8 * (n & 2);
  return word;
}

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_DSP_BYTES_H_
