// Kernels for built-in operators, and which of them a build registers; custom_ops/kernels.cmake
// makes the choice.
#ifndef CUSTOM_OPS_TFLM_BUILTIN_KERNELS_H_
#define CUSTOM_OPS_TFLM_BUILTIN_KERNELS_H_

#include "custom_ops/tflm/compat.h"
#include "tensorflow/lite/micro/kernels/micro_ops.h"
#if KWS_TFLM_API != 2020
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"  // declares all registrations
#endif

#ifndef KWS_KERNELS_M7
#define KWS_KERNELS_M7 0
#endif
#ifndef KWS_KERNELS_CMSIS_NN
#define KWS_KERNELS_CMSIS_NN 0
#endif

namespace kws {

// int8 only, per-channel or per-tensor filters (FULLY_CONNECTED: per-tensor). The bytes are those
// of TFLite's reference kernels; Prepare refuses what is not int8.
Registration* Register_CONV_2D_M7();
Registration* Register_DEPTHWISE_CONV_2D_M7();
Registration* Register_FULLY_CONNECTED_M7();
Registration* Register_AVERAGE_POOL_2D_M7();
Registration* Register_SOFTMAX_M7();

// int8 with up to four dimensions, broadcasting included.
Registration* Register_ADD_M7();

// Any type. TFLM's own, but one that copies words instead of bytes.
Registration* Register_RESHAPE_M7();

// The same through an installed CMSIS-NN; only in builds that link it.
Registration* Register_CONV_2D_CMSIS_NN();
Registration* Register_DEPTHWISE_CONV_2D_CMSIS_NN();
Registration* Register_FULLY_CONNECTED_CMSIS_NN();
Registration* Register_AVERAGE_POOL_2D_CMSIS_NN();
Registration* Register_SOFTMAX_CMSIS_NN();
Registration* Register_ADD_CMSIS_NN();

// Register_<NAME>() of every built-in operator that this project uses, in both generations of TFLM.
// Separate inline functions, so that a firmware links only the kernels that it names.
namespace builtin {

#if KWS_TFLM_API == 2020
#define KWS_TFLM_KERNEL(name) using tflite::ops::micro::Register_##name;
#else
// Today's TFLM returns registrations by value.
#define KWS_TFLM_KERNEL(name)                                     \
  inline Registration* Register_##name() {                        \
    static Registration registration = tflite::Register_##name(); \
    return &registration;                                         \
  }
#endif
#define KWS_CMSIS_NN_KERNEL(name) \
  inline Registration* Register_##name() { return Register_##name##_CMSIS_NN(); }
#define KWS_M7_KERNEL(name) \
  inline Registration* Register_##name() { return Register_##name##_M7(); }

// The build's choice: CMSIS-NN's when KWS_KERNELS_CMSIS_NN is defined non-zero, else ours when
// KWS_KERNELS_M7 is, else those of TFLM.
#if KWS_KERNELS_CMSIS_NN
#define KWS_CHOSEN_KERNEL KWS_CMSIS_NN_KERNEL
#elif KWS_KERNELS_M7
#define KWS_CHOSEN_KERNEL KWS_M7_KERNEL
#else
#define KWS_CHOSEN_KERNEL KWS_TFLM_KERNEL
#endif

KWS_CHOSEN_KERNEL(ADD)
KWS_CHOSEN_KERNEL(AVERAGE_POOL_2D)
KWS_CHOSEN_KERNEL(CONV_2D)
KWS_CHOSEN_KERNEL(DEPTHWISE_CONV_2D)
KWS_CHOSEN_KERNEL(FULLY_CONNECTED)
KWS_CHOSEN_KERNEL(SOFTMAX)

// CMSIS-NN has none.
#if KWS_KERNELS_M7
KWS_M7_KERNEL(RESHAPE)
#else
KWS_TFLM_KERNEL(RESHAPE)
#endif

KWS_TFLM_KERNEL(CONCATENATION)
KWS_TFLM_KERNEL(L2_NORMALIZATION)
KWS_TFLM_KERNEL(LOGISTIC)
KWS_TFLM_KERNEL(MAXIMUM)
KWS_TFLM_KERNEL(MAX_POOL_2D)
KWS_TFLM_KERNEL(MINIMUM)
KWS_TFLM_KERNEL(MUL)
KWS_TFLM_KERNEL(PACK)
KWS_TFLM_KERNEL(PAD)
KWS_TFLM_KERNEL(PADV2)
KWS_TFLM_KERNEL(PRELU)
KWS_TFLM_KERNEL(RELU)
KWS_TFLM_KERNEL(RELU6)
KWS_TFLM_KERNEL(RESIZE_NEAREST_NEIGHBOR)
KWS_TFLM_KERNEL(SPLIT)
KWS_TFLM_KERNEL(STRIDED_SLICE)
KWS_TFLM_KERNEL(SUB)
KWS_TFLM_KERNEL(TANH)
KWS_TFLM_KERNEL(UNPACK)

#undef KWS_TFLM_KERNEL
#undef KWS_CMSIS_NN_KERNEL
#undef KWS_M7_KERNEL
#undef KWS_CHOSEN_KERNEL

}  // namespace builtin
}  // namespace kws

#endif  // CUSTOM_OPS_TFLM_BUILTIN_KERNELS_H_
