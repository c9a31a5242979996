#include "custom_ops/kernels/dsp.h"
#include "custom_ops/kernels/requantize.h"
#include "custom_ops/kernels/softmax.h"

namespace kws {
namespace {

constexpr int32_t kOne = INT32_MAX;  // 1 in Q31
constexpr int32_t kFractionBits = 31 - kSoftmaxIntegerBits;
constexpr int32_t kSumFractionBits = 31 - 12;

// a * b in Q31, rounded as gemmlowp does; not both -1.
constexpr int32_t Multiply(int32_t a, int32_t b) {
  return static_cast<int32_t>((static_cast<int64_t>(a) * b + (int64_t{1} << 30)) >> 31);
}

// The same for |a| < 1/2: one instruction after the doubling.
inline int32_t MultiplySmall(int32_t a, int32_t b) {
  return MultiplyHighRounded(static_cast<int32_t>(static_cast<uint32_t>(a) << 1), b);
}

// a * b for a in [0, 1] and b in [0, 1/2).
inline int32_t MultiplyByHalf(int32_t a, int32_t b) { return MultiplySmall(b, a); }

// a * 2^n, saturated.
constexpr int32_t ShiftLeftSaturated(int32_t a, int32_t n) {
  const int64_t shifted = static_cast<int64_t>(a) * (int64_t{1} << n);
  return shifted > INT32_MAX ? INT32_MAX : (shifted < INT32_MIN ? INT32_MIN : int32_t(shifted));
}

// exp(a), a in Q5.26 and negative or 0; the result in Q31.
inline int32_t Exp(int32_t a) {
  if (a == 0) return kOne;
  constexpr int32_t kQuarter = 1 << (kFractionBits - 2);
  constexpr int32_t kExpMinusEighth = 1895147668;  // exp(-1/8)
  constexpr int32_t kThird = 715827883;
  // a = x - 1/8 - (multiple of 1/4), x in [-1/8, 1/8).
  const int32_t last_quarter = (a & (kQuarter - 1)) - kQuarter;
  const int32_t x = last_quarter * (1 << kSoftmaxIntegerBits) + (1 << 28);
  const int32_t x2 = MultiplySmall(x, x);
  const int32_t x3 = MultiplySmall(x2, x);
  const int32_t x4_over_4 = RoundingShiftRight(MultiplySmall(x2, x2), 2);
  const int32_t rest = RoundingShiftRight(MultiplySmall(x4_over_4 + x3, kThird) + x2, 1);
  int32_t result = kExpMinusEighth + MultiplySmall(x + rest, kExpMinusEighth);
  // Digit by digit: exp(-1/4), exp(-1/2), exp(-1), ... exp(-16).
  const uint32_t quarters = static_cast<uint32_t>(last_quarter - a) >> (kFractionBits - 2);
  if (quarters & 1) result = Multiply(result, 1672461947);
  if (quarters & 2) result = Multiply(result, 1302514674);
  if (quarters & 4) result = MultiplyByHalf(result, 790015084);
  if (quarters & 8) result = MultiplyByHalf(result, 290630308);
  if (quarters & 16) result = MultiplyByHalf(result, 39332535);
  if (quarters & 32) result = MultiplyByHalf(result, 720401);
  if (quarters & 64) result = MultiplyByHalf(result, 242);
  return result;
}

// 1 / (1 + a) for a in [0, 1), Q31: three steps of Newton-Raphson in Q2.29.
inline int32_t OneOverOnePlus(int32_t a) {
  constexpr int32_t k48Over17 = 1515870810;
  constexpr int32_t kMinus32Over17 = -1010580540;
  const int32_t half = static_cast<int32_t>((int64_t{a} + kOne + 1) / 2);
  int32_t x = k48Over17 + Multiply(half, kMinus32Over17);
  for (int i = 0; i < 3; ++i) {
    const int32_t error = (1 << 29) - Multiply(half, x);
    x += ShiftLeftSaturated(Multiply(x, error), 2);
  }
  return ShiftLeftSaturated(x, 1);
}

}  // namespace

size_t SoftmaxM7ScratchBytes(const SoftmaxDims& dims) {
  return static_cast<size_t>(dims.depth) * sizeof(int32_t);
}

void SoftmaxM7(const SoftmaxDims& dims, const SoftmaxParams& params, const int8_t* input,
               int8_t* output, void* scratch) {
  int32_t* const exps = static_cast<int32_t*>(scratch);
  for (int32_t row = 0; row < dims.rows; ++row, input += dims.depth, output += dims.depth) {
    int32_t largest = INT8_MIN;
    for (int32_t i = 0; i < dims.depth; ++i) largest = input[i] > largest ? input[i] : largest;

    int32_t sum = 0;
    for (int32_t i = 0; i < dims.depth; ++i) {
      const int32_t difference = input[i] - largest;
      exps[i] = 0;
      if (difference < params.least_difference) continue;
      exps[i] = Exp(Multiply(difference * (int32_t{1} << params.shift), params.multiplier));
      sum += RoundingShiftRight(exps[i], 31 - kSumFractionBits);
    }

    // sum = (1 + a) * 2^(31 - headroom) with a in [0, 1).
    const int32_t headroom = __builtin_clz(static_cast<uint32_t>(sum));
    const uint32_t fraction = (static_cast<uint32_t>(sum) << headroom) - (uint32_t{1} << 31);
    const int32_t scale = OneOverOnePlus(static_cast<int32_t>(fraction));
    // To units of 1/256. Beyond 31 every output is less than half a unit.
    const int32_t right = 31 - kSumFractionBits - headroom + 31 - 8;
    for (int32_t i = 0; i < dims.depth; ++i) {
      const int32_t share = right > 31 ? 0 : RoundingShiftRight(Multiply(exps[i], scale), right);
      output[i] = static_cast<int8_t>(Clamp(share + INT8_MIN, INT8_MIN, INT8_MAX));
    }
  }
}

}  // namespace kws
