#include "custom_ops/kernels/index_list_conv2d.h"
#include "custom_ops/kernels/single_weights_reference.h"

namespace kws {

void IndexListConv2dReference(const IndexListConv& w, const ConvDims& dims,
                              const ConvParams& params, const int8_t* input, const int32_t* bias,
                              int8_t* output) {
  SingleWeightsReference(w, dims, params, input, bias, output, [&](int32_t row, auto&& add) {
    int32_t column = 0;
    for (uint32_t i = w.row_offsets[row]; i < w.row_offsets[row + 1]; ++i) {
      column += w.entries[i].delta;
      add(column, w.entries[i].value);
    }
  });
}

}  // namespace kws
