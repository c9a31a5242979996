// Any .tflite on a bare Cortex-M7, with TFLM's kernels or ours for the built-in operators.
#include <cstring>

#include "custom_ops/tflm/builtin_kernels.h"
#include "custom_ops/tflm/interpreter.h"
#include "custom_ops/tflm/register.h"
#include "custom_ops/tflm/resolver.h"

extern "C" {

void* __dso_handle;
#if KWS_TFLM_API == 2020
void DebugLog(const char*) {}
#endif
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
  int32_t kernels;      // 0: TFLM's, 1: M7, 2: CMSIS-NN's
  uint32_t arena_used;  // result
};

int32_t run_model(ModelCall* call);
}

namespace {

using kws::Registration;

#if KWS_TFLM_API == 2020
namespace tflm = tflite::ops::micro;
Registration* Lasting(int, Registration* registration) { return registration; }
#else
namespace tflm = tflite;
Registration* Lasting(int slot, const Registration& registration) {
  static Registration copies[7];
  copies[slot] = registration;
  return &copies[slot];
}
#endif

#if KWS_KERNELS_CMSIS_NN
#define CMSIS_NN_KERNEL(name) kws::Register_##name##_CMSIS_NN()
#else
#define CMSIS_NN_KERNEL(name) nullptr
#endif
// All three, so that the call chooses.
#define KERNELS(slot, name) \
  {Lasting(slot, tflm::Register_##name()), kws::Register_##name##_M7(), CMSIS_NN_KERNEL(name)}

class SilentSink : public kws::MessageSink {
 public:
  int Report(const char*, va_list) override { return 0; }
};

constexpr int kBuiltin = 9;
enum CustomSlot {
#define SLOT(name) kCustom_##name,
  KWS_CUSTOM_OPERATORS(SLOT)
};
constexpr int kMaxOperators = 32;
Registration originals[kMaxOperators];
Registration wrapped[kMaxOperators];

template <int kIndex>
TfLiteStatus Marked(TfLiteContext* context, TfLiteNode* node) {
  kws_mark();
  return originals[kIndex].invoke(context, node);
}

template <int kIndex>
Registration* Mark(const Registration* registration) {
  originals[kIndex] = wrapped[kIndex] = *registration;
  wrapped[kIndex].invoke = Marked<kIndex>;
  return &wrapped[kIndex];
}

}  // namespace

int32_t run_model(ModelCall* call) {
  Registration* const kernels[][3] = {KERNELS(0, CONV_2D),         KERNELS(1, DEPTHWISE_CONV_2D),
                                      KERNELS(2, FULLY_CONNECTED), KERNELS(3, AVERAGE_POOL_2D),
                                      KERNELS(4, SOFTMAX),         KERNELS(6, ADD)};
  // CMSIS-NN has no RESHAPE: a build with it takes ours.
  Registration* const reshape[] = {Lasting(5, tflm::Register_RESHAPE()), kws::Register_RESHAPE_M7(),
                                   kws::Register_RESHAPE_M7()};
  const int32_t k = call->kernels;
  if (k < 0 || k > 2 || kernels[0][k] == nullptr) return 4;
  tflite::MicroMutableOpResolver<kMaxOperators> resolver;
  kws::AddOperator<tflite::BuiltinOperator_CONV_2D>(resolver, Mark<0>(kernels[0][k]));
  kws::AddOperator<tflite::BuiltinOperator_DEPTHWISE_CONV_2D>(resolver, Mark<1>(kernels[1][k]));
  kws::AddOperator<tflite::BuiltinOperator_FULLY_CONNECTED>(resolver, Mark<2>(kernels[2][k]));
  kws::AddOperator<tflite::BuiltinOperator_AVERAGE_POOL_2D>(resolver, Mark<3>(kernels[3][k]));
  kws::AddOperator<tflite::BuiltinOperator_SOFTMAX>(resolver, Mark<5>(kernels[4][k]));
  kws::AddOperator<tflite::BuiltinOperator_ADD>(resolver, Mark<8>(kernels[5][k]));
  kws::AddOperator<tflite::BuiltinOperator_RESHAPE>(resolver, Mark<4>(reshape[k]));
#define ADD_CUSTOM(name)                                                          \
  kws::AddCustomOperator(                                                         \
      resolver, "KWS_" #name,                                                     \
      Mark<kBuiltin + kCustom_##name>(k == 0 ? kws::Register_##name##_REFERENCE() \
                                             : kws::Register_##name##_M7()),      \
      kws::kCustomOperatorVersion);
  KWS_CUSTOM_OPERATORS(ADD_CUSTOM)
  SilentSink sink;
  const kws::ActiveSink active(sink);
  alignas(tflite::MicroInterpreter) static unsigned char storage[sizeof(tflite::MicroInterpreter)];
  tflite::MicroInterpreter& interpreter = *kws::NewInterpreter(
      storage, *tflite::GetModel(call->model), resolver, call->arena, call->arena_bytes, sink);
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
