// Host twin of the firmware's inference: TensorFlow Lite Micro with every int8 operator that this
// project knows and the custom operators, in an arena on the heap.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "custom_ops/tflm/interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"

namespace kws::host {

// A model that cannot be loaded or run; the text is one line, TFLM's own messages joined.
class ModelRejected : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Collects what TFLM reports, so that it can be raised instead of printed.
class CollectingReporter : public MessageSink {
 public:
  int Report(const char* format, va_list args) override;
  // Messages so far on one line, separated by "; ", and forgets them.
  std::string Take();

 private:
  std::string text_;
};

constexpr unsigned kMaxOperators = 32;
using Resolver = tflite::MicroMutableOpResolver<kMaxOperators>;

// Registers the built-in operators with int8 kernels and the custom ones; returns the built-in
// ones.
std::vector<tflite::BuiltinOperator> RegisterAllOperators(Resolver& resolver);

class HostInterpreter {
 public:
  // `model` is copied. `arena_bytes` is host memory: pointers are wider here than on the target.
  // Throws ModelRejected when the flatbuffer does not verify, the schema differs, an operator is
  // missing, or the tensors do not fit.
  HostInterpreter(const std::string& model, size_t arena_bytes);

  // Copies `bytes` of int8 input in, runs once, returns the int8 output.
  std::vector<int8_t> Invoke(const int8_t* input, size_t bytes);

  // Runs once on what stands in the input tensor; false when an operator failed.
  bool Run();

  const TfLiteTensor& input() const { return *interpreter_->input(0); }
  const TfLiteTensor& output() const { return *interpreter_->output(0); }
  size_t arena_used() const { return interpreter_->arena_used_bytes(); }

 private:
  struct alignas(16) Block {
    uint8_t bytes[16];
  };

  std::vector<Block> model_;  // aligned copy
  std::vector<Block> arena_;
  CollectingReporter reporter_;
  Resolver resolver_;
  struct Destroy {
    void operator()(tflite::MicroInterpreter* interpreter) const {
      interpreter->~MicroInterpreter();
    }
  };
  alignas(tflite::MicroInterpreter) unsigned char storage_[sizeof(tflite::MicroInterpreter)];
  std::unique_ptr<tflite::MicroInterpreter, Destroy> interpreter_;  // in storage_
};

}  // namespace kws::host
