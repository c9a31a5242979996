// Collects what TFLM reports into one line, and stops it when the arena is exhausted.
#pragma once

#include <csetjmp>
#include <cstdarg>
#include <cstddef>
#include <cstdint>

#include "custom_ops/tflm/interpreter.h"
#include "tensorflow/lite/micro/compatibility.h"

namespace kws {

// Kernels of the TFLM of 2020 go on with a null pointer after a failed allocation (conv.cc:
// Init returns nullptr, Prepare writes through it). The failed allocation is reported first, so the
// log leaves through `out_of_memory` at that moment instead of returning into them.
class TflmErrorLog final : public MessageSink {
 public:
  int Report(const char* format, va_list args) override;

  // Empties the log.
  void Clear();
  // Adds text as it is; what does not fit is cut.
  void Append(const char* text);
  void AppendUnsigned(uint32_t value);

  // The messages so far on one line, separated by "; ".
  const char* text() const { return text_; }
  // Bytes that were missing when the arena ran out, 0 when TFLM did not say.
  uint32_t missing_bytes() const { return missing_bytes_; }

  // While armed, an allocation that fails jumps to `out_of_memory`.
  std::jmp_buf out_of_memory;
  bool armed = false;

 private:
  void AppendFormatted(const char* format, va_list args);
  void AppendChar(char c);
  void AppendSigned(int32_t value);

  static constexpr size_t kCapacity = 240;
  char text_[kCapacity] = {};
  size_t length_ = 0;
  uint32_t missing_bytes_ = 0;

  TF_LITE_REMOVE_VIRTUAL_DELETE
};

}  // namespace kws
