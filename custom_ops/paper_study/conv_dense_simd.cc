#include "custom_ops/paper_study/dense_loops.h"

namespace kws::study {

template <typename T>
void ConvDenseSimd(const ConvShape& shape, const ConvData<T>& data) {
  DenseLoops<DotSimd>(shape, data);
}

template void ConvDenseSimd(const ConvShape&, const ConvData<int16_t>&);
template void ConvDenseSimd(const ConvShape&, const ConvData<int8_t>&);

}  // namespace kws::study
