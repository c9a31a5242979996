// The dense loops with an inner product that looks before it multiplies.
#include "custom_ops/paper_study/dense_loops.h"

namespace kws::study {
namespace {

struct DotIfNotZero {
  template <typename T>
  [[gnu::noinline]] static SumOf<T> Row(const T* weights, const T* inputs, int32_t length,
                                        SumOf<T> sum) {
    for (int32_t i = 0; i < length; ++i) {
      const T weight = weights[i];
      if (weight != 0) sum = MultiplyAdd(weight, inputs[i], sum);
    }
    return sum;
  }
};

}  // namespace

template <typename T>
void ConvZeroSkip(const ConvShape& shape, const ConvData<T>& data) {
  DenseLoops<DotIfNotZero>(shape, data);
}

template void ConvZeroSkip(const ConvShape&, const ConvData<float>&);
template void ConvZeroSkip(const ConvShape&, const ConvData<int16_t>&);
template void ConvZeroSkip(const ConvShape&, const ConvData<int8_t>&);

}  // namespace kws::study
