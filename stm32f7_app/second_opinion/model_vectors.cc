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

using Resolver = tflite::MicroMutableOpResolver<16>;

void RegisterOperators(Resolver& resolver) {
  using tflite::BuiltinOperator;
  constexpr int kAny = 0;
  resolver.AddBuiltin(BuiltinOperator::BuiltinOperator_CONV_2D,
                      Observed<0>(builtin::Register_CONV_2D()), kAny);
  resolver.AddBuiltin(BuiltinOperator::BuiltinOperator_DEPTHWISE_CONV_2D,
                      Observed<1>(builtin::Register_DEPTHWISE_CONV_2D()), kAny);
  resolver.AddBuiltin(BuiltinOperator::BuiltinOperator_FULLY_CONNECTED,
                      Observed<2>(builtin::Register_FULLY_CONNECTED()), kAny);
  resolver.AddBuiltin(BuiltinOperator::BuiltinOperator_AVERAGE_POOL_2D,
                      Observed<3>(builtin::Register_AVERAGE_POOL_2D()), kAny);
  resolver.AddBuiltin(BuiltinOperator::BuiltinOperator_RESHAPE,
                      Observed<4>(micro::Register_RESHAPE()), kAny);
  resolver.AddBuiltin(BuiltinOperator::BuiltinOperator_SOFTMAX,
                      Observed<5>(builtin::Register_SOFTMAX()), kAny);
  resolver.AddBuiltin(BuiltinOperator::BuiltinOperator_MAX_POOL_2D,
                      Observed<6>(micro::Register_MAX_POOL_2D()), kAny);
  resolver.AddBuiltin(BuiltinOperator::BuiltinOperator_ADD, Observed<7>(micro::Register_ADD()),
                      kAny);
  resolver.AddBuiltin(BuiltinOperator::BuiltinOperator_RELU, Observed<8>(micro::Register_RELU()),
                      kAny);
  resolver.AddBuiltin(BuiltinOperator::BuiltinOperator_PAD, Observed<9>(micro::Register_PAD()),
                      kAny);
  resolver.AddCustom(kSparseConv2dName, Observed<10>(Register_SPARSE_CONV_2D()),
                     kSparseConv2dVersion);
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
