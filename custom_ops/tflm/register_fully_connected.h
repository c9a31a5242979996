// The sparse FULLY_CONNECTED, for a TFLM op resolver:
//   AddCustomOperator(resolver, kSparseFullyConnectedName, Register_SPARSE_FULLY_CONNECTED(),
//                     kSparseFullyConnectedVersion);
#ifndef CUSTOM_OPS_TFLM_REGISTER_FULLY_CONNECTED_H_
#define CUSTOM_OPS_TFLM_REGISTER_FULLY_CONNECTED_H_

#include "custom_ops/tflm/compat.h"

namespace kws {

// FULLY_CONNECTED with packed sparse weights. Inputs: activation (int8, any shape: `depth`
// consecutive values are one batch), packed weights (constant int8 or uint8, 1-D,
// docs/sparse_format.md: a 1x1 kernel, encoding blocks or index list), bias (constant int32
// [units]). One output, int8, `units` values a batch. The same bytes as TFLM's FULLY_CONNECTED on
// the same weights with their zeros in place; one multiplier a unit, so per-channel scales as well.
inline constexpr char kSparseFullyConnectedName[] = "KWS_SPARSE_FULLY_CONNECTED";
inline constexpr int kSparseFullyConnectedVersion = 1;

// The build's kernels: M7 when KWS_KERNELS_M7 is defined non-zero, the reference otherwise.
Registration* Register_SPARSE_FULLY_CONNECTED();

// One of the two by name, for comparisons.
Registration* Register_SPARSE_FULLY_CONNECTED_M7();
Registration* Register_SPARSE_FULLY_CONNECTED_REFERENCE();

}  // namespace kws

#endif  // CUSTOM_OPS_TFLM_REGISTER_FULLY_CONNECTED_H_
