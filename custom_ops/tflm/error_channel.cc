#include "custom_ops/tflm/interpreter.h"

#if KWS_TFLM_API != 2020

#include <cstdio>
#include <cstring>

#include "tensorflow/lite/micro/debug_log.h"

namespace kws {
namespace {

// The target has one thread; on the host interpreters run in several.
#if defined(__ARM_EABI__)
MessageSink* active_sink = nullptr;
#else
thread_local MessageSink* active_sink = nullptr;
#endif

}  // namespace

ActiveSink::ActiveSink(MessageSink& sink) : previous_(active_sink) { active_sink = &sink; }

ActiveSink::~ActiveSink() { active_sink = previous_; }

}  // namespace kws

// Both replace TFLM's own, which would bring the C library's output with them. A message is
// followed by a line end of its own.
extern "C" void DebugLog(const char* format, va_list args) {
  if (kws::active_sink == nullptr || std::strcmp(format, "\r\n") == 0) return;
  kws::active_sink->Report(format, args);
}

extern "C" int DebugVsnprintf(char* buffer, size_t buf_size, const char* format, va_list vlist) {
  return std::vsnprintf(buffer, buf_size, format, vlist);
}

#endif
