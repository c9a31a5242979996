// The operators of this project and the built-in ones that networks have between them, with M7 or
// with reference kernels.
#ifndef CUSTOM_OPS_TESTS_EVERY_OPERATOR_H_
#define CUSTOM_OPS_TESTS_EVERY_OPERATOR_H_

#include "custom_ops/tflm/builtin_kernels.h"
#include "custom_ops/tflm/register.h"
#include "custom_ops/tflm/resolver.h"

namespace kws::fuzz {

using EveryOperatorResolver = tflite::MicroMutableOpResolver<40>;

struct EveryOperator {
  // Custom operators by their M7 or by their reference kernels.
  explicit EveryOperator(bool m7) {
    AddOperator<tflite::BuiltinOperator_MAX_POOL_2D>(resolver, builtin::Register_MAX_POOL_2D());
    AddOperator<tflite::BuiltinOperator_RESHAPE>(resolver, builtin::Register_RESHAPE());
#define KWS_ADD(name)                                                            \
  AddCustomOperator(resolver, "KWS_" #name,                                      \
                    m7 ? Register_##name##_M7() : Register_##name##_REFERENCE(), \
                    kCustomOperatorVersion);
    KWS_CUSTOM_OPERATORS(KWS_ADD)
#undef KWS_ADD
  }

  // Built-in operators that this project has kernels for: its own.
  EveryOperator& WithM7() {
    AddOperator<tflite::BuiltinOperator_ADD>(resolver, Register_ADD_M7());
    AddOperator<tflite::BuiltinOperator_AVERAGE_POOL_2D>(resolver, Register_AVERAGE_POOL_2D_M7());
    AddOperator<tflite::BuiltinOperator_CONV_2D>(resolver, Register_CONV_2D_M7());
    AddOperator<tflite::BuiltinOperator_DEPTHWISE_CONV_2D>(resolver,
                                                           Register_DEPTHWISE_CONV_2D_M7());
    AddOperator<tflite::BuiltinOperator_FULLY_CONNECTED>(resolver, Register_FULLY_CONNECTED_M7());
    AddOperator<tflite::BuiltinOperator_SOFTMAX>(resolver, Register_SOFTMAX_M7());
    return *this;
  }

  // The same, those of the crate's TFLM.
  EveryOperator& WithTflm() {
    using namespace tflite::ops::micro;
    AddOperator<tflite::BuiltinOperator_ADD>(resolver, Register_ADD());
    AddOperator<tflite::BuiltinOperator_AVERAGE_POOL_2D>(resolver, Register_AVERAGE_POOL_2D());
    AddOperator<tflite::BuiltinOperator_CONV_2D>(resolver, Register_CONV_2D());
    AddOperator<tflite::BuiltinOperator_DEPTHWISE_CONV_2D>(resolver, Register_DEPTHWISE_CONV_2D());
    AddOperator<tflite::BuiltinOperator_FULLY_CONNECTED>(resolver, Register_FULLY_CONNECTED());
    AddOperator<tflite::BuiltinOperator_SOFTMAX>(resolver, Register_SOFTMAX());
    return *this;
  }

  EveryOperatorResolver resolver;
};

}  // namespace kws::fuzz

#endif  // CUSTOM_OPS_TESTS_EVERY_OPERATOR_H_
