// The custom operators of this project, for a TFLM op resolver (resolver.h):
//   AddCustomOperator(resolver, kSparseConv2dName, Register_SPARSE_CONV_2D(),
//                     kSparseConv2dVersion);
#ifndef CUSTOM_OPS_TFLM_REGISTER_H_
#define CUSTOM_OPS_TFLM_REGISTER_H_

#include "custom_ops/tflm/compat.h"
#include "custom_ops/tflm/register_depthwise.h"        // IWYU pragma: export
#include "custom_ops/tflm/register_fully_connected.h"  // IWYU pragma: export

// All of them: X(NAME) is the operator KWS_NAME, which kws::Register_NAME() registers, with the M7
// or reference kernels kws::Register_NAME_M7() and kws::Register_NAME_REFERENCE(). The host
// interpreter, the second opinion and the fuzz target have what is listed here; which operators a
// model may hold is in kws_tflm/convert/custom_operators.py.
#define KWS_CUSTOM_OPERATORS(X) \
  X(SPARSE_CONV_2D)             \
  X(SPARSE_FULLY_CONNECTED)     \
  X(SPARSE_DEPTHWISE_CONV_2D)   \
  X(SEPARABLE_CONV_2D)

namespace kws {

// Of every operator: the packed formats have versions of their own.
inline constexpr int kCustomOperatorVersion = 1;

// CONV_2D with packed sparse weights. Inputs: activation (int8 NHWC), packed weights (constant
// int8 or uint8, 1-D, docs/sparse_format.md), bias (constant int32 [out_channels]). One output,
// int8 NHWC. The same bytes as CONV_2D on the same weights with their zeros in place.
inline constexpr char kSparseConv2dName[] = "KWS_SPARSE_CONV_2D";
inline constexpr int kSparseConv2dVersion = 1;

// The build's kernels: M7 when KWS_KERNELS_M7 is defined non-zero, the reference otherwise.
Registration* Register_SPARSE_CONV_2D();

// One of the two by name, for comparisons.
Registration* Register_SPARSE_CONV_2D_M7();
Registration* Register_SPARSE_CONV_2D_REFERENCE();

}  // namespace kws

#endif  // CUSTOM_OPS_TFLM_REGISTER_H_
