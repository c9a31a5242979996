// int8 AVERAGE_POOL_2D.
#ifndef CUSTOM_OPS_KERNELS_AVERAGE_POOL_H_
#define CUSTOM_OPS_KERNELS_AVERAGE_POOL_H_

#include <cstdint>

#include "custom_ops/kernels/conv2d.h"
#include "custom_ops/kernels/conv_types.h"

namespace kws {

// Means over windows of `window`, counting only positions inside of the input, rounded to the
// nearest integer with ties away from zero and clamped to the activation range of `params` (its
// zero points and dilation are not used).
//
// The same bytes as TFLite's int8 reference AVERAGE_POOL_2D. `input` and `output` are int8 NHWC of
// equally many channels. Needs no scratch.
void AveragePoolM7(const ConvDims& dims, const FilterDims& window, const ConvParams& params,
                   const int8_t* input, int8_t* output);

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_AVERAGE_POOL_H_
