// The few Armv7E-M DSP instructions that the M7 kernels use, and the same arithmetic in portable
// C++ so that the host runs the same kernels, bit for bit.
#ifndef CUSTOM_OPS_KERNELS_DSP_H_
#define CUSTOM_OPS_KERNELS_DSP_H_

#include <cstdint>
#include <cstring>

#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
#include <arm_acle.h>
#define KWS_DSP_NATIVE 1
#else
#define KWS_DSP_NATIVE 0
#endif

namespace kws {

// Unaligned little-endian loads; one LDR / LDRH.
inline uint32_t LoadWord(const void* p) {
  uint32_t word;
  std::memcpy(&word, p, sizeof(word));
  return word;
}

inline uint32_t LoadHalf(const void* p) {
  uint16_t half;
  std::memcpy(&half, p, sizeof(half));
  return half;
}

// Low half `low`, high half `high` of two int16.
constexpr uint32_t PackHalves(int32_t low, int32_t high) {
  return (static_cast<uint32_t>(low) & 0xFFFFu) | (static_cast<uint32_t>(high) << 16);
}

constexpr int32_t LowHalf(uint32_t word) { return static_cast<int16_t>(word & 0xFFFFu); }
constexpr int32_t HighHalf(uint32_t word) { return static_cast<int16_t>(word >> 16); }

// Bytes 0 and 2 of `word`, sign-extended into two int16. SXTB16.
inline uint32_t ExtendEvenBytes(uint32_t word) {
#if KWS_DSP_NATIVE
  return static_cast<uint32_t>(__sxtb16(word));
#else
  return PackHalves(static_cast<int8_t>(word & 0xFFu), static_cast<int8_t>((word >> 16) & 0xFFu));
#endif
}

// Bytes 1 and 3 likewise. SXTB16 with a rotation.
inline uint32_t ExtendOddBytes(uint32_t word) {
#if KWS_DSP_NATIVE
  uint32_t result;
  asm("sxtb16 %0, %1, ror #8" : "=r"(result) : "r"(word));
  return result;
#else
  return ExtendEvenBytes((word >> 8) | (word << 24));
#endif
}

// Two int16 differences, wrapping. SSUB16.
inline uint32_t SubtractHalves(uint32_t a, uint32_t b) {
#if KWS_DSP_NATIVE
  return static_cast<uint32_t>(__ssub16(static_cast<int16x2_t>(a), static_cast<int16x2_t>(b)));
#else
  return PackHalves(LowHalf(a) - LowHalf(b), HighHalf(a) - HighHalf(b));
#endif
}

// accumulator + a.low * b.low + a.high * b.high, wrapping in 32 bits. SMLAD.
inline int32_t MultiplyAccumulateDual(uint32_t a, uint32_t b, int32_t accumulator) {
#if KWS_DSP_NATIVE
  return __smlad(static_cast<int16x2_t>(a), static_cast<int16x2_t>(b), accumulator);
#else
  const uint32_t low = static_cast<uint32_t>(LowHalf(a) * LowHalf(b));
  const uint32_t high = static_cast<uint32_t>(HighHalf(a) * HighHalf(b));
  return static_cast<int32_t>(static_cast<uint32_t>(accumulator) + low + high);
#endif
}

// High word of a * b, rounded: (a * b + 2^31) >> 32. SMMULR.
inline int32_t MultiplyHighRounded(int32_t a, int32_t b) {
#if KWS_DSP_NATIVE
  int32_t result;
  asm("smmulr %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
  return result;
#else
  const int64_t product = static_cast<int64_t>(a) * b + (int64_t{1} << 31);
  return static_cast<int32_t>(product >> 32);
#endif
}

// accumulator + MultiplyHighRounded(a, b), wrapping in 32 bits. SMMLAR.
inline int32_t MultiplyHighRoundedAdd(int32_t a, int32_t b, int32_t accumulator) {
#if KWS_DSP_NATIVE
  int32_t result;
  asm("smmlar %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(accumulator));
  return result;
#else
  return static_cast<int32_t>(static_cast<uint32_t>(MultiplyHighRounded(a, b)) +
                              static_cast<uint32_t>(accumulator));
#endif
}

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_DSP_H_
