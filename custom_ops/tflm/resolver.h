// Filling a tflite::MicroMutableOpResolver, in both generations of TFLM:
//   AddOperator<tflite::BuiltinOperator_CONV_2D>(resolver, builtin::Register_CONV_2D());
//   AddCustomOperator(resolver, kSparseConv2dName, Register_SPARSE_CONV_2D(),
//   kSparseConv2dVersion);
#ifndef CUSTOM_OPS_TFLM_RESOLVER_H_
#define CUSTOM_OPS_TFLM_RESOLVER_H_

#include "custom_ops/tflm/compat.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"

namespace kws {

#if KWS_TFLM_API == 2020

template <tflite::BuiltinOperator kOperator, typename Resolver>
TfLiteStatus AddOperator(Resolver& resolver, Registration* registration) {
  constexpr int kAnyVersion = 0;
  return resolver.AddBuiltin(kOperator, registration, kAnyVersion);
}

template <typename Resolver>
TfLiteStatus AddCustomOperator(Resolver& resolver, const char* name, Registration* registration,
                               int version) {
  return resolver.AddCustom(name, registration, version);
}

#else

namespace internal {

// Today's resolver has a method an operator, which brings the parser of the operator's options.
template <tflite::BuiltinOperator kOperator>
struct Adder;

#define KWS_ADDER(name, Method)                                                     \
  template <>                                                                       \
  struct Adder<tflite::BuiltinOperator_##name> {                                    \
    template <typename Resolver>                                                    \
    static TfLiteStatus Add(Resolver& resolver, const Registration& registration) { \
      return resolver.Method(registration);                                         \
    }                                                                               \
  };
KWS_ADDER(ADD, AddAdd)
KWS_ADDER(AVERAGE_POOL_2D, AddAveragePool2D)
KWS_ADDER(CONCATENATION, AddConcatenation)
KWS_ADDER(CONV_2D, AddConv2D)
KWS_ADDER(DEPTHWISE_CONV_2D, AddDepthwiseConv2D)
KWS_ADDER(FULLY_CONNECTED, AddFullyConnected)
KWS_ADDER(L2_NORMALIZATION, AddL2Normalization)
KWS_ADDER(LOGISTIC, AddLogistic)
KWS_ADDER(MAXIMUM, AddMaximum)
KWS_ADDER(MAX_POOL_2D, AddMaxPool2D)
KWS_ADDER(MINIMUM, AddMinimum)
KWS_ADDER(MUL, AddMul)
KWS_ADDER(PACK, AddPack)
KWS_ADDER(PAD, AddPad)
KWS_ADDER(PADV2, AddPadV2)
KWS_ADDER(PRELU, AddPrelu)
KWS_ADDER(RELU, AddRelu)
KWS_ADDER(RELU6, AddRelu6)
KWS_ADDER(RESHAPE, AddReshape)
KWS_ADDER(SOFTMAX, AddSoftmax)
KWS_ADDER(SPLIT, AddSplit)
KWS_ADDER(STRIDED_SLICE, AddStridedSlice)
KWS_ADDER(SUB, AddSub)
KWS_ADDER(TANH, AddTanh)
KWS_ADDER(UNPACK, AddUnpack)
#undef KWS_ADDER

// The one method without a choice of kernel: an observed registration is not observed.
template <>
struct Adder<tflite::BuiltinOperator_RESIZE_NEAREST_NEIGHBOR> {
  template <typename Resolver>
  static TfLiteStatus Add(Resolver& resolver, const Registration&) {
    return resolver.AddResizeNearestNeighbor();
  }
};

}  // namespace internal

template <tflite::BuiltinOperator kOperator, typename Resolver>
TfLiteStatus AddOperator(Resolver& resolver, const Registration* registration) {
  return internal::Adder<kOperator>::Add(resolver, *registration);
}

// Versions of custom operators are gone: the packed formats carry their own.
template <typename Resolver>
TfLiteStatus AddCustomOperator(Resolver& resolver, const char* name,
                               const Registration* registration, int) {
  return resolver.AddCustom(name, registration);
}

#endif

}  // namespace kws

#endif  // CUSTOM_OPS_TFLM_RESOLVER_H_
