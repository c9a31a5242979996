#include "custom_ops/paper_study/row_mask_loops.h"

namespace kws::study {

template <typename T>
void ConvRowMaskSimd(const ConvShape& shape, const ConvData<T>& data, const uint16_t* row_masks) {
  RowMaskLoops<DotSimd>(shape, data, row_masks);
}

template void ConvRowMaskSimd(const ConvShape&, const ConvData<int16_t>&, const uint16_t*);
template void ConvRowMaskSimd(const ConvShape&, const ConvData<int8_t>&, const uint16_t*);

}  // namespace kws::study
