#include "custom_ops/kernels/n_of_m_conv2d.h"
#include "custom_ops/kernels/single_weights_reference.h"

namespace kws {

void NOfMConv2dReference(const NOfMConv& w, const ConvDims& dims, const ConvParams& params,
                         const int8_t* input, const int32_t* bias, int8_t* output) {
  SingleWeightsReference(w, dims, params, input, bias, output, [&](int32_t row, auto&& add) {
    for (int32_t i = 0; i < w.groups * w.n; ++i) {
      add(i / w.n * kNOfMGroup + w.position(row, i), w.value(row, i));
    }
  });
}

}  // namespace kws
