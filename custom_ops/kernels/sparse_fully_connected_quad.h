// Four weights against four inputs, the step of the block-sparse FULLY_CONNECTED.
#ifndef CUSTOM_OPS_KERNELS_SPARSE_FULLY_CONNECTED_QUAD_H_
#define CUSTOM_OPS_KERNELS_SPARSE_FULLY_CONNECTED_QUAD_H_

#include "custom_ops/kernels/dsp.h"

namespace kws {

// `columns`: inputs (0, 2) and (1, 3), as sparse_fully_connected_input.h expands them.
inline int32_t MultiplyQuad(const int8_t* weights, const uint32_t* columns, int32_t sum) {
  const uint32_t word = LoadWord(weights);
  sum = MultiplyAccumulateDual(columns[0], ExtendEvenBytes(word), sum);
  return MultiplyAccumulateDual(columns[1], ExtendOddBytes(word), sum);
}

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_SPARSE_FULLY_CONNECTED_QUAD_H_
