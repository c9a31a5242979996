#include "kws_tflm/runtime/src/host_interpreter.h"

#include <cstdio>
#include <cstring>

#include "custom_ops/tflm/builtin_kernels.h"
#include "custom_ops/tflm/register.h"
#include "kws_tflm/runtime/src/model_check.h"
#include "tensorflow/lite/micro/kernels/micro_ops.h"
#include "tensorflow/lite/schema/schema_generated.h"
#include "tensorflow/lite/version.h"

namespace kws::host {

int CollectingReporter::Report(const char* format, va_list args) {
  char line[512];
  std::vsnprintf(line, sizeof(line), format, args);
  if (!text_.empty()) text_ += "; ";
  text_ += line;
  return 0;
}

std::string CollectingReporter::Take() {
  std::string text;
  for (char c : text_) text += c == '\n' ? ' ' : c;
  text_.clear();
  return text;
}

std::vector<tflite::BuiltinOperator> RegisterAllOperators(Resolver& resolver) {
  namespace micro = tflite::ops::micro;
  using Op = tflite::BuiltinOperator;
  const int any = tflite::MicroOpResolverAnyVersion();
  const std::pair<Op, TfLiteRegistration*> builtins[] = {
      {Op::BuiltinOperator_ADD, micro::Register_ADD()},
      {Op::BuiltinOperator_AVERAGE_POOL_2D, builtin::Register_AVERAGE_POOL_2D()},
      {Op::BuiltinOperator_CONCATENATION, micro::Register_CONCATENATION()},
      {Op::BuiltinOperator_CONV_2D, builtin::Register_CONV_2D()},
      {Op::BuiltinOperator_DEPTHWISE_CONV_2D, builtin::Register_DEPTHWISE_CONV_2D()},
      {Op::BuiltinOperator_FULLY_CONNECTED, builtin::Register_FULLY_CONNECTED()},
      {Op::BuiltinOperator_L2_NORMALIZATION, micro::Register_L2_NORMALIZATION()},
      {Op::BuiltinOperator_LOGISTIC, micro::Register_LOGISTIC()},
      {Op::BuiltinOperator_MAXIMUM, micro::Register_MAXIMUM()},
      {Op::BuiltinOperator_MAX_POOL_2D, micro::Register_MAX_POOL_2D()},
      {Op::BuiltinOperator_MINIMUM, micro::Register_MINIMUM()},
      {Op::BuiltinOperator_MUL, micro::Register_MUL()},
      {Op::BuiltinOperator_PACK, micro::Register_PACK()},
      {Op::BuiltinOperator_PAD, micro::Register_PAD()},
      {Op::BuiltinOperator_PADV2, micro::Register_PADV2()},
      {Op::BuiltinOperator_PRELU, micro::Register_PRELU()},
      {Op::BuiltinOperator_RELU, micro::Register_RELU()},
      {Op::BuiltinOperator_RELU6, micro::Register_RELU6()},
      {Op::BuiltinOperator_RESHAPE, micro::Register_RESHAPE()},
      {Op::BuiltinOperator_RESIZE_NEAREST_NEIGHBOR, micro::Register_RESIZE_NEAREST_NEIGHBOR()},
      {Op::BuiltinOperator_SOFTMAX, micro::Register_SOFTMAX()},
      {Op::BuiltinOperator_SPLIT, micro::Register_SPLIT()},
      {Op::BuiltinOperator_STRIDED_SLICE, micro::Register_STRIDED_SLICE()},
      {Op::BuiltinOperator_SUB, micro::Register_SUB()},
      {Op::BuiltinOperator_TANH, micro::Register_TANH()},
      {Op::BuiltinOperator_UNPACK, micro::Register_UNPACK()},
  };
  std::vector<Op> registered;
  for (const auto& [op, registration] : builtins) {
    resolver.AddBuiltin(op, registration, any);
    registered.push_back(op);
  }
  resolver.AddCustom(kSparseConv2dName, Register_SPARSE_CONV_2D(), kSparseConv2dVersion);
  return registered;
}

HostInterpreter::HostInterpreter(const std::string& model, size_t arena_bytes)
    : model_(model.size() / sizeof(Block) + 1), arena_(arena_bytes / sizeof(Block) + 1) {
  std::memcpy(model_.data(), model.data(), model.size());
  const auto* bytes = reinterpret_cast<const uint8_t*>(model_.data());
  flatbuffers::Verifier verifier(bytes, model.size());
  if (!tflite::VerifyModelBuffer(verifier)) {
    throw ModelRejected("not a valid .tflite flatbuffer");
  }
  const tflite::Model* parsed = tflite::GetModel(bytes);
  if (parsed->version() != TFLITE_SCHEMA_VERSION) {
    throw ModelRejected("schema version " + std::to_string(parsed->version()) + ", expected " +
                        std::to_string(TFLITE_SCHEMA_VERSION));
  }
  const std::string damage = CheckStructure(*parsed);
  if (!damage.empty()) throw ModelRejected(damage);
  RegisterAllOperators(resolver_);
  interpreter_ = std::make_unique<tflite::MicroInterpreter>(
      parsed, resolver_, reinterpret_cast<uint8_t*>(arena_.data()), arena_.size() * sizeof(Block),
      &reporter_);
  if (interpreter_->initialization_status() != kTfLiteOk ||
      interpreter_->AllocateTensors() != kTfLiteOk) {
    throw ModelRejected(reporter_.Take());
  }
  if (input().type != kTfLiteInt8 || output().type != kTfLiteInt8) {
    throw ModelRejected("input and output must be int8");
  }
}

std::vector<int8_t> HostInterpreter::Invoke(const int8_t* data, size_t bytes) {
  TfLiteTensor* in = interpreter_->input(0);
  if (bytes != in->bytes) {
    throw ModelRejected("input has " + std::to_string(bytes) + " bytes, the model takes " +
                        std::to_string(in->bytes));
  }
  std::memcpy(in->data.int8, data, bytes);
  if (!Run()) throw ModelRejected(reporter_.Take());
  const TfLiteTensor* out = interpreter_->output(0);
  return {out->data.int8, out->data.int8 + out->bytes};
}

}  // namespace kws::host
