// Any .tflite on a bare Cortex-M7, with TFLM's kernels or ours for the built-in operators.
#include <cstring>
#include <new>

#include "custom_ops/tflm/builtin_kernels.h"
#include "custom_ops/tflm/register.h"
#include "tensorflow/lite/core/api/error_reporter.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"

extern "C" {

void* __dso_handle;
void DebugLog(const char*) {}
void _init() {}
void _fini() {}

// Called before each operator; the emulator watches its address.
[[gnu::noinline]] void kws_mark() { asm volatile(""); }

struct ModelCall {
  const uint8_t* model;
  uint8_t* arena;
  const int8_t* input;
  int8_t* output;
  uint32_t arena_bytes, input_bytes, output_bytes;
  int32_t use_m7;
  uint32_t arena_used;  // result
};

int32_t run_model(ModelCall* call);
}

namespace {

namespace micro = tflite::ops::micro;

class SilentReporter : public tflite::ErrorReporter {
 public:
  int Report(const char*, va_list) override { return 0; }
};

constexpr int kMaxOperators = 16;
TfLiteRegistration originals[kMaxOperators];
TfLiteRegistration wrapped[kMaxOperators];

template <int kIndex>
TfLiteStatus Marked(TfLiteContext* context, TfLiteNode* node) {
  kws_mark();
  return originals[kIndex].invoke(context, node);
}

template <int kIndex>
TfLiteRegistration* Mark(const TfLiteRegistration* registration) {
  originals[kIndex] = wrapped[kIndex] = *registration;
  wrapped[kIndex].invoke = Marked<kIndex>;
  return &wrapped[kIndex];
}

}  // namespace

int32_t run_model(ModelCall* call) {
  tflite::MicroMutableOpResolver<kMaxOperators> resolver;
  const bool m7 = call->use_m7 != 0;
  resolver.AddBuiltin(tflite::BuiltinOperator_CONV_2D,
                      Mark<0>(m7 ? kws::Register_CONV_2D_M7() : micro::Register_CONV_2D()), 0);
  resolver.AddBuiltin(
      tflite::BuiltinOperator_DEPTHWISE_CONV_2D,
      Mark<1>(m7 ? kws::Register_DEPTHWISE_CONV_2D_M7() : micro::Register_DEPTHWISE_CONV_2D()), 0);
  resolver.AddBuiltin(
      tflite::BuiltinOperator_FULLY_CONNECTED,
      Mark<2>(m7 ? kws::Register_FULLY_CONNECTED_M7() : micro::Register_FULLY_CONNECTED()), 0);
  resolver.AddBuiltin(
      tflite::BuiltinOperator_AVERAGE_POOL_2D,
      Mark<3>(m7 ? kws::Register_AVERAGE_POOL_2D_M7() : micro::Register_AVERAGE_POOL_2D()), 0);
  resolver.AddBuiltin(tflite::BuiltinOperator_RESHAPE, Mark<4>(micro::Register_RESHAPE()), 0);
  resolver.AddBuiltin(tflite::BuiltinOperator_SOFTMAX, Mark<5>(micro::Register_SOFTMAX()), 0);
  resolver.AddCustom(kws::kSparseConv2dName, Mark<6>(kws::Register_SPARSE_CONV_2D_M7()),
                     kws::kSparseConv2dVersion);
  SilentReporter reporter;
  tflite::MicroInterpreter interpreter(tflite::GetModel(call->model), resolver, call->arena,
                                       call->arena_bytes, &reporter);
  if (interpreter.AllocateTensors() != kTfLiteOk) return 1;
  call->arena_used = interpreter.arena_used_bytes();
  if (interpreter.input(0)->bytes != call->input_bytes ||
      interpreter.output(0)->bytes != call->output_bytes) {
    return 2;
  }
  std::memcpy(interpreter.input(0)->data.int8, call->input, call->input_bytes);
  if (interpreter.Invoke() != kTfLiteOk) return 3;
  std::memcpy(call->output, interpreter.output(0)->data.int8, call->output_bytes);
  return 0;
}
