// 32-bit fixed-point primitives of the front end.
//
// Each function is exact integer arithmetic: the Cortex-M7 instruction and the portable expression
// beside it return the same bits, so features are equal on host and target.
#ifndef KWS_STM32F7_APP_CORE_FEATURES_FIXED_POINT_H_
#define KWS_STM32F7_APP_CORE_FEATURES_FIXED_POINT_H_

#include <cstdint>

namespace kws {

inline constexpr int64_t kMulHighRound = int64_t{1} << 31;

// floor(a * b / 2^32 + 1/2).
inline int32_t MulHigh(int32_t a, int32_t b) {
#if defined(__ARM_FEATURE_DSP)
  int32_t result;
  __asm__("smmulr %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
  return result;
#else
  return static_cast<int32_t>((static_cast<int64_t>(a) * b + kMulHighRound) >> 32);
#endif
}

// accumulator + floor(a * b / 2^32 + 1/2); the caller excludes overflow.
inline int32_t MulHighAdd(int32_t accumulator, int32_t a, int32_t b) {
#if defined(__ARM_FEATURE_DSP)
  int32_t result;
  __asm__("smmlar %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(accumulator));
  return result;
#else
  return accumulator + static_cast<int32_t>((static_cast<int64_t>(a) * b + kMulHighRound) >> 32);
#endif
}

// accumulator + floor(-a * b / 2^32 + 1/2); the caller excludes overflow.
inline int32_t MulHighSub(int32_t accumulator, int32_t a, int32_t b) {
#if defined(__ARM_FEATURE_DSP)
  int32_t result;
  __asm__("smmlsr %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(accumulator));
  return result;
#else
  return accumulator + static_cast<int32_t>((kMulHighRound - static_cast<int64_t>(a) * b) >> 32);
#endif
}

// floor(value * fraction / 2^32): a 64-bit power times a Q32 weight.
inline uint64_t ScaleQ32(uint64_t value, uint32_t fraction) {
  const uint64_t low = (value & 0xFFFFFFFFu) * fraction;
  return (value >> 32) * fraction + (low >> 32);
}

inline int16_t SaturateToInt16(int64_t value) {
  if (value > INT16_MAX) return INT16_MAX;
  if (value < INT16_MIN) return INT16_MIN;
  return static_cast<int16_t>(value);
}

}  // namespace kws

#endif  // KWS_STM32F7_APP_CORE_FEATURES_FIXED_POINT_H_
