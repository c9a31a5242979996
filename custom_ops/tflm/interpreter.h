// tflite::MicroInterpreter and the channel of its messages, in both generations of TFLM.
#ifndef CUSTOM_OPS_TFLM_INTERPRETER_H_
#define CUSTOM_OPS_TFLM_INTERPRETER_H_

#include <cstdarg>
#include <new>

#include "custom_ops/tflm/compat.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/schema/schema_generated.h"
#if KWS_TFLM_API == 2020
#include "tensorflow/lite/core/api/error_reporter.h"
#include "tensorflow/lite/version.h"
#else
#include "tensorflow/lite/schema/schema_utils.h"
#endif

namespace kws {

// Takes what TFLM reports. TFLM of 2020 hands it to the interpreter's reporter; today's sends every
// message to one function of the program, DebugLog, so there the last one that was activated gets
// them (error_channel.cc).
#if KWS_TFLM_API == 2020
using MessageSink = tflite::ErrorReporter;
#else
class MessageSink {
 public:
  virtual int Report(const char* format, va_list args) = 0;

 protected:
  ~MessageSink() = default;
};
#endif

// While it lives, `sink` gets the messages of today's TFLM; of this thread on the host.
class ActiveSink {
 public:
#if KWS_TFLM_API == 2020
  explicit ActiveSink(MessageSink&) {}
#else
  explicit ActiveSink(MessageSink& sink);
  ~ActiveSink();

 private:
  MessageSink* previous_;
#endif
};

// The operator behind a code of a model. Files written for today's schema have it in two fields.
inline tflite::BuiltinOperator BuiltinCode(const tflite::OperatorCode& code) {
#if KWS_TFLM_API == 2020
  return code.builtin_code();
#else
  return tflite::GetBuiltinCode(&code);
#endif
}

inline bool IsRegistered(const tflite::OperatorCode& code,
                         const tflite::MicroOpResolver& resolver) {
  const bool custom = BuiltinCode(code) == tflite::BuiltinOperator_CUSTOM;
  if (custom && code.custom_code() == nullptr) return false;
#if KWS_TFLM_API == 2020
  return custom ? resolver.FindOp(code.custom_code()->c_str(), code.version()) != nullptr
                : resolver.FindOp(code.builtin_code(), code.version()) != nullptr;
#else
  return custom ? resolver.FindOp(code.custom_code()->c_str()) != nullptr
                : resolver.FindOp(BuiltinCode(code)) != nullptr;
#endif
}

// Builds an interpreter in `storage`, aligned and large enough. TFLM of 2020 keeps `sink`.
inline tflite::MicroInterpreter* NewInterpreter(void* storage, const tflite::Model& model,
                                                const tflite::MicroOpResolver& resolver,
                                                uint8_t* arena, size_t arena_bytes,
                                                MessageSink& sink) {
#if KWS_TFLM_API == 2020
  return new (storage) tflite::MicroInterpreter(&model, resolver, arena, arena_bytes, &sink);
#else
  (void)sink;
  return new (storage) tflite::MicroInterpreter(&model, resolver, arena, arena_bytes);
#endif
}

}  // namespace kws

#endif  // CUSTOM_OPS_TFLM_INTERPRETER_H_
