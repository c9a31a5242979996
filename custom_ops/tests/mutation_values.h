// Values on the edges of checks, for the mutators.
#ifndef CUSTOM_OPS_TESTS_MUTATION_VALUES_H_
#define CUSTOM_OPS_TESTS_MUTATION_VALUES_H_

#include <cmath>
#include <cstdint>

#include "custom_ops/tests/model_mutator.h"

namespace kws::fuzz {

inline constexpr int32_t kSides[] = {0,  1,   2,   3,   4,     5,     8,     16,        17,
                                     64, 255, 256, 257, 32767, 65535, 65536, INT32_MAX, -1};
inline constexpr int64_t kZeroPoints[] = {0, -128, 127, -129, 128, 3, INT32_MAX, INT64_MIN};
inline const float kScales[] = {0.0f,  1.0f,  0.05f,         1e-9f, 1e-30f,   1e9f,
                                1e30f, -0.1f, std::nanf(""), 0.5f,  INFINITY, 1.0f / 256};
inline constexpr uint8_t kBytes[] = {0, 1, 2, 3, 4, 16, 17, 31, 32, 63, 64, 127, 128, 254, 255};

template <typename T, size_t n>
T Pick(const T (&values)[n], Random& random) {
  return values[random.Below(n)];
}

// Of one operator, in place.
void MutateOptions(tflite::OperatorT& op, Random& random);

}  // namespace kws::fuzz

#endif  // CUSTOM_OPS_TESTS_MUTATION_VALUES_H_
