// Kernels for built-in operators, and which of them a build registers:
//   resolver.AddBuiltin(tflite::BuiltinOperator_CONV_2D, kws::builtin::Register_CONV_2D(), 0);
#ifndef CUSTOM_OPS_TFLM_BUILTIN_KERNELS_H_
#define CUSTOM_OPS_TFLM_BUILTIN_KERNELS_H_

#include "custom_ops/tflm/compat.h"
#include "tensorflow/lite/micro/kernels/micro_ops.h"

#ifndef KWS_KERNELS_M7
#define KWS_KERNELS_M7 0
#endif

namespace kws {

// int8 only, per-channel or per-tensor filters (FULLY_CONNECTED: per-tensor). The bytes are those
// of TFLite's reference kernels; Prepare refuses what is not int8.
Registration* Register_CONV_2D_M7();
Registration* Register_DEPTHWISE_CONV_2D_M7();
Registration* Register_FULLY_CONNECTED_M7();
Registration* Register_AVERAGE_POOL_2D_M7();

// The build's choice: ours when KWS_KERNELS_M7 is defined non-zero, else those of TFLM. Separate
// inline functions, so that a firmware links only the kernels that it names. Operators that are not
// here come from tflite::ops::micro in every build.
namespace builtin {

#if KWS_KERNELS_M7
inline Registration* Register_CONV_2D() { return Register_CONV_2D_M7(); }
inline Registration* Register_DEPTHWISE_CONV_2D() { return Register_DEPTHWISE_CONV_2D_M7(); }
inline Registration* Register_FULLY_CONNECTED() { return Register_FULLY_CONNECTED_M7(); }
inline Registration* Register_AVERAGE_POOL_2D() { return Register_AVERAGE_POOL_2D_M7(); }
#else
using tflite::ops::micro::Register_AVERAGE_POOL_2D;
using tflite::ops::micro::Register_CONV_2D;
using tflite::ops::micro::Register_DEPTHWISE_CONV_2D;
using tflite::ops::micro::Register_FULLY_CONNECTED;
#endif

}  // namespace builtin
}  // namespace kws

#endif  // CUSTOM_OPS_TFLM_BUILTIN_KERNELS_H_
