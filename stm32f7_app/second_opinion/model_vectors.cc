// Whole models in TFLM, with the firmware's kernels, operator by operator.
#include <cstring>

#include "custom_ops/tflm/builtin_kernels.h"
#include "custom_ops/tflm/observed.h"
#include "custom_ops/tflm/register.h"
#include "stm32f7_app/second_opinion/semihosting.h"
#include "stm32f7_app/second_opinion/vectors.h"
#include "tensorflow/lite/core/api/error_reporter.h"
#include "tensorflow/lite/micro/compatibility.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"

extern "C" void DebugLog(const char* text) { kws::semihosting::Print(text); }

namespace kws {
namespace {

namespace micro = tflite::ops::micro;

constexpr size_t kArenaBytes = 384 * 1024;
alignas(16) uint8_t arena[kArenaBytes];

// What the operators' observer needs to find and name an output.
tflite::MicroInterpreter* running = nullptr;
uint32_t running_model = 0, running_input = 0;

// Slots of the observer: the built-in operators below, then the custom ones.
constexpr int kBuiltinOperators = 26;
enum CustomSlot {
#define KWS_SLOT(name) kCustom_##name,
  KWS_CUSTOM_OPERATORS(KWS_SLOT)
#undef KWS_SLOT
      kCustomOperators
};
using Resolver = tflite::MicroMutableOpResolver<kBuiltinOperators + kCustomOperators>;
using Op = tflite::BuiltinOperator;

template <int kSlot>
void Add(Resolver& resolver, Op op, Registration* registration) {
  constexpr int kAnyVersion = 0;
  resolver.AddBuiltin(op, Observed<kSlot>(registration), kAnyVersion);
}

// Those of the host library (kws_tflm/runtime/src/host_interpreter.cc).
void RegisterOperators(Resolver& resolver) {
  Add<0>(resolver, Op::BuiltinOperator_AVERAGE_POOL_2D, builtin::Register_AVERAGE_POOL_2D());
  Add<1>(resolver, Op::BuiltinOperator_CONV_2D, builtin::Register_CONV_2D());
  Add<2>(resolver, Op::BuiltinOperator_DEPTHWISE_CONV_2D, builtin::Register_DEPTHWISE_CONV_2D());
  Add<3>(resolver, Op::BuiltinOperator_FULLY_CONNECTED, builtin::Register_FULLY_CONNECTED());
  Add<4>(resolver, Op::BuiltinOperator_SOFTMAX, builtin::Register_SOFTMAX());
  Add<5>(resolver, Op::BuiltinOperator_ADD, builtin::Register_ADD());
  Add<6>(resolver, Op::BuiltinOperator_CONCATENATION, micro::Register_CONCATENATION());
  Add<7>(resolver, Op::BuiltinOperator_L2_NORMALIZATION, micro::Register_L2_NORMALIZATION());
  Add<8>(resolver, Op::BuiltinOperator_LOGISTIC, micro::Register_LOGISTIC());
  Add<9>(resolver, Op::BuiltinOperator_MAXIMUM, micro::Register_MAXIMUM());
  Add<10>(resolver, Op::BuiltinOperator_MAX_POOL_2D, micro::Register_MAX_POOL_2D());
  Add<11>(resolver, Op::BuiltinOperator_MINIMUM, micro::Register_MINIMUM());
  Add<12>(resolver, Op::BuiltinOperator_MUL, micro::Register_MUL());
  Add<13>(resolver, Op::BuiltinOperator_PACK, micro::Register_PACK());
  Add<14>(resolver, Op::BuiltinOperator_PAD, micro::Register_PAD());
  Add<15>(resolver, Op::BuiltinOperator_PADV2, micro::Register_PADV2());
  Add<16>(resolver, Op::BuiltinOperator_PRELU, micro::Register_PRELU());
  Add<17>(resolver, Op::BuiltinOperator_RELU, micro::Register_RELU());
  Add<18>(resolver, Op::BuiltinOperator_RELU6, micro::Register_RELU6());
  Add<19>(resolver, Op::BuiltinOperator_RESHAPE, builtin::Register_RESHAPE());
  Add<20>(resolver, Op::BuiltinOperator_RESIZE_NEAREST_NEIGHBOR,
          micro::Register_RESIZE_NEAREST_NEIGHBOR());
  Add<21>(resolver, Op::BuiltinOperator_SPLIT, micro::Register_SPLIT());
  Add<22>(resolver, Op::BuiltinOperator_STRIDED_SLICE, micro::Register_STRIDED_SLICE());
  Add<23>(resolver, Op::BuiltinOperator_SUB, micro::Register_SUB());
  Add<24>(resolver, Op::BuiltinOperator_TANH, micro::Register_TANH());
  Add<25>(resolver, Op::BuiltinOperator_UNPACK, micro::Register_UNPACK());
#define KWS_ADD(name)                                                                 \
  resolver.AddCustom("KWS_" #name,                                                    \
                     Observed<kBuiltinOperators + kCustom_##name>(Register_##name()), \
                     kCustomOperatorVersion);
  KWS_CUSTOM_OPERATORS(KWS_ADD)
#undef KWS_ADD
}

class Reporter final : public tflite::ErrorReporter {
 public:
  // The format alone: whoever wants the values asks the host library, which refuses the same model.
  int Report(const char* format, va_list) override {
    semihosting::Print("error ");
    semihosting::Print(format);
    semihosting::Print("\n");
    return 0;
  }

 private:
  TF_LITE_REMOVE_VIRTUAL_DELETE
};

bool Fail(uint32_t index, const char* reason) {
  semihosting::Print("error model");
  semihosting::PrintNumber(index);
  semihosting::Print(reason);
  return false;
}

}  // namespace

void OnOperatorBegin(uint32_t) {}

void OnOperatorEnd(uint32_t index) {
  const TfLiteNode node = running->node_and_registration(static_cast<int>(index)).node;
  const TfLiteTensor* output = running->tensor(static_cast<size_t>(node.outputs->data[0]));
  semihosting::Print("operator");
  semihosting::PrintNumber(running_model);
  semihosting::PrintNumber(running_input);
  semihosting::PrintNumber(index);
  semihosting::PrintBytes(output->data.raw, output->bytes);
}

bool RunModel(uint32_t index, VectorReader& reader) {
  const uint32_t* sizes = reader.Words();
  const uint8_t* data = reader.Bytes(sizes[0]);
  Resolver resolver;
  RegisterOperators(resolver);
  Reporter reporter;
  tflite::MicroInterpreter interpreter(tflite::GetModel(data), resolver, arena, kArenaBytes,
                                       &reporter);
  if (interpreter.AllocateTensors() != kTfLiteOk) return Fail(index, " is refused by TFLM\n");
  running = &interpreter;
  running_model = index;
  const uint32_t bytes = sizes[2];
  if (interpreter.input(0)->bytes != bytes) return Fail(index, " has an input of another size\n");
  const uint8_t* inputs = reader.Bytes(static_cast<size_t>(sizes[1]) * bytes);
  for (running_input = 0; running_input < sizes[1]; ++running_input) {
    std::memcpy(interpreter.input(0)->data.raw, inputs + running_input * bytes, bytes);
    RestartObservation();
    if (interpreter.Invoke() != kTfLiteOk) return Fail(index, " does not run\n");
  }
  return true;
}

}  // namespace kws
