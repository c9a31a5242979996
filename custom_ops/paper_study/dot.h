// Inner products over one kernel row: sum + weights . inputs. `length` may be any.
//
// Functions of their own, not inlined: among the variables of the loops around them the compiler
// runs out of registers and spills in the innermost loop, in one method more than in another.
#ifndef CUSTOM_OPS_PAPER_STUDY_DOT_H_
#define CUSTOM_OPS_PAPER_STUDY_DOT_H_

#include <cstdint>

#include "custom_ops/kernels/dsp.h"
#include "custom_ops/paper_study/element.h"

namespace kws::study {

template <typename T>
inline SumOf<T> SumOfProducts(const T* weights, const T* inputs, int32_t length, SumOf<T> sum) {
  for (int32_t i = 0; i < length; ++i) sum = MultiplyAdd(weights[i], inputs[i], sum);
  return sum;
}

struct Dot {
  template <typename T>
  [[gnu::noinline]] static SumOf<T> Row(const T* weights, const T* inputs, int32_t length,
                                        SumOf<T> sum) {
    return SumOfProducts(weights, inputs, length, sum);
  }
};

struct DotSimd {
  [[gnu::noinline]] static int32_t Row(const int16_t* weights, const int16_t* inputs,
                                       int32_t length, int32_t sum) {
    for (; length >= 4; length -= 4, weights += 4, inputs += 4) {
      sum = MultiplyAccumulateDual(LoadWord(weights), LoadWord(inputs), sum);
      sum = MultiplyAccumulateDual(LoadWord(weights + 2), LoadWord(inputs + 2), sum);
    }
    return SumOfProducts(weights, inputs, length, sum);
  }

  [[gnu::noinline]] static int32_t Row(const int8_t* weights, const int8_t* inputs, int32_t length,
                                       int32_t sum) {
    for (; length >= 4; length -= 4, weights += 4, inputs += 4) {
      const uint32_t w = LoadWord(weights);
      const uint32_t x = LoadWord(inputs);
      sum = MultiplyAccumulateDual(ExtendEvenBytes(w), ExtendEvenBytes(x), sum);
      sum = MultiplyAccumulateDual(ExtendOddBytes(w), ExtendOddBytes(x), sum);
    }
    return SumOfProducts(weights, inputs, length, sum);
  }
};

}  // namespace kws::study

#endif  // CUSTOM_OPS_PAPER_STUDY_DOT_H_
