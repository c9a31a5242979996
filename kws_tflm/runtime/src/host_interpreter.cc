#include "kws_tflm/runtime/src/host_interpreter.h"

#include <cstdio>
#include <cstring>

#include "custom_ops/tflm/builtin_kernels.h"
#include "custom_ops/tflm/register.h"
#include "custom_ops/tflm/resolver.h"
#include "kws_tflm/runtime/src/model_check.h"

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
  std::vector<tflite::BuiltinOperator> registered;
#define KWS_ADD(name)                                                                \
  AddOperator<tflite::BuiltinOperator_##name>(resolver, builtin::Register_##name()); \
  registered.push_back(tflite::BuiltinOperator_##name);
  KWS_ADD(ADD)
  KWS_ADD(AVERAGE_POOL_2D)
  KWS_ADD(CONCATENATION)
  KWS_ADD(CONV_2D)
  KWS_ADD(DEPTHWISE_CONV_2D)
  KWS_ADD(FULLY_CONNECTED)
  KWS_ADD(L2_NORMALIZATION)
  KWS_ADD(LOGISTIC)
  KWS_ADD(MAXIMUM)
  KWS_ADD(MAX_POOL_2D)
  KWS_ADD(MINIMUM)
  KWS_ADD(MUL)
  KWS_ADD(PACK)
  KWS_ADD(PAD)
  KWS_ADD(PADV2)
  KWS_ADD(PRELU)
  KWS_ADD(RELU)
  KWS_ADD(RELU6)
  KWS_ADD(RESHAPE)
  KWS_ADD(RESIZE_NEAREST_NEIGHBOR)
  KWS_ADD(SOFTMAX)
  KWS_ADD(SPLIT)
  KWS_ADD(STRIDED_SLICE)
  KWS_ADD(SUB)
  KWS_ADD(TANH)
  KWS_ADD(UNPACK)
#undef KWS_ADD
#define KWS_ADD(name) \
  AddCustomOperator(resolver, "KWS_" #name, Register_##name(), kCustomOperatorVersion);
  KWS_CUSTOM_OPERATORS(KWS_ADD)
#undef KWS_ADD
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
  const ActiveSink active(reporter_);
  interpreter_.reset(NewInterpreter(storage_, *parsed, resolver_,
                                    reinterpret_cast<uint8_t*>(arena_.data()),
                                    arena_.size() * sizeof(Block), reporter_));
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

bool HostInterpreter::Run() {
  const ActiveSink active(reporter_);
  return interpreter_->Invoke() == kTfLiteOk;
}

}  // namespace kws::host
