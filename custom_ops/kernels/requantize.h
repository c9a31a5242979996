// int32 accumulator -> int8, with the rounding of TFLite's MultiplyByQuantizedMultiplier (gemmlowp:
// a rounding doubling high multiply, then a rounding right shift; two roundings, not one).
#ifndef CUSTOM_OPS_KERNELS_REQUANTIZE_H_
#define CUSTOM_OPS_KERNELS_REQUANTIZE_H_

#include <cstdint>

#include "custom_ops/kernels/dsp.h"

namespace kws {

// round(x * 2^exponent) with ties away from zero; 0 <= exponent <= 31.
constexpr int32_t RoundingShiftRight(int32_t x, int32_t exponent) {
  const int32_t mask = static_cast<int32_t>((int64_t{1} << exponent) - 1);
  const int32_t remainder = x & mask;
  const int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
  return (x >> exponent) + (remainder > threshold ? 1 : 0);
}

// `multiplier` is Q31 and not negative; `shift` in [-31, 30], positive to the left. The left shift
// wraps in 32 bits as it does in TFLite's compiled code.
//
// gemmlowp nudges by the product's sign and divides towards zero; for multipliers that are not
// negative that is the same as adding 2^30 and shifting with the sign.
constexpr int32_t MultiplyByQuantizedMultiplier(int32_t x, int32_t multiplier, int32_t shift) {
  const int32_t left = shift > 0 ? shift : 0;
  const int32_t right = shift > 0 ? 0 : -shift;
  const int32_t shifted = static_cast<int32_t>(static_cast<uint32_t>(x) << left);
  const int64_t product = static_cast<int64_t>(shifted) * multiplier;
  return RoundingShiftRight(static_cast<int32_t>((product + (int64_t{1} << 30)) >> 31), right);
}

// The same for |x| < 2^30 and a right shift of 1 to 31; `half` = 2^(right - 1). Five instructions.
inline int32_t MultiplyByQuantizedMultiplierNarrow(int32_t x, int32_t multiplier, int32_t right,
                                                   int32_t half) {
  const int32_t high =
      MultiplyHighRounded(static_cast<int32_t>(static_cast<uint32_t>(x) << 1), multiplier);
  // Ties go away from zero: a negative number gets one less.
  return (high + (high >> 31) + half) >> right;
}

constexpr int32_t Clamp(int32_t x, int32_t low, int32_t high) {
  return x < low ? low : (x > high ? high : x);
}

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_REQUANTIZE_H_
