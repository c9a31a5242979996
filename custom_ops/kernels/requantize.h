// int32 accumulator -> int8, with the rounding of TFLite's MultiplyByQuantizedMultiplier (gemmlowp:
// a rounding doubling high multiply, then a rounding right shift; two roundings, not one).
#ifndef CUSTOM_OPS_KERNELS_REQUANTIZE_H_
#define CUSTOM_OPS_KERNELS_REQUANTIZE_H_

#include <cstdint>

#include "custom_ops/kernels/dsp_bytes.h"

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

// int32 accumulator -> int8 of the full range: the same bytes as MultiplyByQuantizedMultiplier,
// plus the output's zero point, saturated. For accumulators below 2^30 in magnitude, a right shift
// of 1 to kMaxRight, and a multiplier of 0 or in [2^30, 2^31). Four instructions: ADD, SMMLAR, ASR,
// SSAT.
//
// The second rounding takes ties away from zero: it adds half, and one less to a negative product.
// The accumulator's sign may stand for the product's: they differ only where the product rounds to
// 0, and there both give 0. Half, zero point and sign come in as what SMMLAR accumulates to.
struct FastRequantizer {
  // Beyond, `offset` plus a product could overflow.
  static constexpr int32_t kMaxRight = 22;

  int32_t multiplier;
  int32_t offset;  // half + zero_point * 2^right
  int32_t right;

  FastRequantizer() = default;
  FastRequantizer(int32_t q31_multiplier, int32_t right_shift, int32_t zero_point)
      : multiplier(q31_multiplier),
        offset((1 << (right_shift - 1)) + zero_point * (1 << right_shift)),
        right(right_shift) {}

  static constexpr bool Takes(int32_t shift) { return shift <= -1 && shift >= -kMaxRight; }

  int32_t operator()(int32_t sum) const {
    return Doubled(static_cast<int32_t>(static_cast<uint32_t>(sum) << 1));
  }

  // The same from twice the accumulator, which is free where its terms were doubled.
  int32_t Doubled(int32_t twice) const {
    return SaturateInt8(MultiplyHighRoundedAdd(twice, multiplier, offset + (twice >> 31)) >> right);
  }
};

// Sums of `terms` products of int8 weights and int8 activations less their zero point, and a bias
// below this in magnitude, stay below 2^30: FastRequantizer takes them. 0: no such bias.
constexpr int32_t FastBiasLimit(int64_t terms) {
  constexpr int64_t kMaxProduct = 255 * 128;
  const int64_t limit = (int64_t{1} << 30) - kMaxProduct * terms;
  return limit < 0 ? 0 : static_cast<int32_t>(limit);
}

constexpr int32_t Clamp(int32_t x, int32_t low, int32_t high) {
  return x < low ? low : (x > high ? high : x);
}

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_REQUANTIZE_H_
