#include "custom_ops/paper_study/dense_loops.h"

namespace kws::study {

template <typename T>
void ConvDense(const ConvShape& shape, const ConvData<T>& data) {
  DenseLoops<Dot>(shape, data);
}

template void ConvDense(const ConvShape&, const ConvData<float>&);
template void ConvDense(const ConvShape&, const ConvData<int16_t>&);
template void ConvDense(const ConvShape&, const ConvData<int8_t>&);

}  // namespace kws::study
