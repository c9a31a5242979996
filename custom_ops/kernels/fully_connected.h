// Dense int8 FULLY_CONNECTED.
#ifndef CUSTOM_OPS_KERNELS_FULLY_CONNECTED_H_
#define CUSTOM_OPS_KERNELS_FULLY_CONNECTED_H_

#include <cstddef>
#include <cstdint>

#include "custom_ops/kernels/channel_scales.h"

namespace kws {

struct FullyConnectedDims {
  int32_t batches, depth, units;
};

struct FullyConnectedParams {
  int32_t input_zero_point, filter_zero_point;  // int8 range
  int32_t multiplier, shift;  // of all units; Q31, 0 or in [2^30, 2^31), and [-31, 30]
  OutputRange output;
};

// Bytes of scratch that FullyConnectedM7 needs: one batch of input, expanded to int16.
size_t FullyConnectedM7ScratchBytes(const FullyConnectedDims& dims);

// output[n, u] = clamp(requantise(bias[u] + sum (filter - filter_zero_point) *
//                                                (input - input_zero_point)) + output_zero_point)
//
// The same bytes as TFLite's int8 reference FULLY_CONNECTED. `input` is int8 [batches, depth],
// `filter` int8 [units, depth], `bias` int32 [units] or nullptr, `output` int8 [batches, units];
// `scratch` is 4-byte aligned.
void FullyConnectedM7(const FullyConnectedDims& dims, const FullyConnectedParams& params,
                      const int8_t* input, const int8_t* filter, const int32_t* bias,
                      int8_t* output, void* scratch);

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_FULLY_CONNECTED_H_
