// Compares FastRequantizer with MultiplyByQuantizedMultiplier; `M7Kernels`-like images and the host
// call it.
#include "custom_ops/kernels/requantize.h"

namespace {

int32_t Expected(int32_t sum, int32_t multiplier, int32_t right, int32_t zero_point) {
  const int32_t scaled = kws::MultiplyByQuantizedMultiplier(sum, multiplier, -right);
  return kws::Clamp(scaled + zero_point, INT8_MIN, INT8_MAX);
}

}  // namespace

// How many of the sums [first, first + count * step) come out differently.
extern "C" int32_t requantize_differences(int32_t first, int32_t count, int32_t step,
                                          int32_t multiplier, int32_t right, int32_t zero_point) {
  const kws::FastRequantizer fast(multiplier, right, zero_point);
  int32_t differences = 0;
  for (int32_t i = 0; i < count; ++i) {
    const int32_t sum = first + i * step;
    const int32_t expected = Expected(sum, multiplier, right, zero_point);
    differences += fast(sum) != expected;
    differences += fast.Doubled(sum * 2) != expected;
  }
  return differences;
}
