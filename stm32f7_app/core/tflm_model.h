// A .tflite in TensorFlow Lite Micro, with every way to fail told apart.
#pragma once

#include <cstddef>
#include <cstdint>

#include "custom_ops/tflm/interpreter.h"
#include "stm32f7_app/core/model.h"
#include "stm32f7_app/core/tflm_error_log.h"
#include "tensorflow/lite/micro/micro_op_resolver.h"

namespace kws {

enum class ModelStatus : uint8_t {
  kOk,
  kInvalidModel,     // E01
  kSchemaVersion,    // E02
  kOperatorMissing,  // E03
  kArenaTooSmall,    // E04
  kTensorMismatch,   // E05
};

// "E01".."E05"; "" for kOk.
const char* ErrorCode(ModelStatus status);

// The tensors that the application was built for.
struct ModelShape {
  int32_t n_frames;
  int32_t n_features;
  int32_t n_classes;
};

class TflmModel final : public Model {
 public:
  TflmModel() = default;
  TflmModel(const TflmModel&) = delete;
  TflmModel& operator=(const TflmModel&) = delete;

  // Checks `model` (16-byte aligned, outlives this; its structure only in builds with
  // KWS_VERIFY_FLATBUFFER, the default), then builds the interpreter in `arena`
  // (16-byte aligned). Its inputs and outputs may be any.
  // On failure `message()` says what is wrong, in one line. May be called once.
  ModelStatus Load(const uint8_t* model, size_t model_bytes,
                   const tflite::MicroOpResolver& resolver, uint8_t* arena, size_t arena_bytes);
  // A classifier: one input, int8 with n_frames x n_features values in that order; one output,
  // int8 softmax scores (scale 1/256, zero point -128) of n_classes.
  ModelStatus Load(const uint8_t* model, size_t model_bytes,
                   const tflite::MicroOpResolver& resolver, uint8_t* arena, size_t arena_bytes,
                   const ModelShape& shape);

  const char* message() const { return log_.text(); }
  size_t arena_used() const { return arena_used_; }

  int8_t* input() override { return input_->data.int8; }
  uint32_t input_bytes() const override { return static_cast<uint32_t>(input_->bytes); }
  const int8_t* output() const override { return output_->data.int8; }
  uint32_t output_bytes() const override { return static_cast<uint32_t>(output_->bytes); }
  bool Invoke() override;

  // All inputs and outputs; input() and output() are the first ones.
  size_t n_inputs() const { return interpreter_->inputs_size(); }
  size_t n_outputs() const { return interpreter_->outputs_size(); }
  TfLiteTensor& input_tensor(size_t i) { return *interpreter_->input(i); }
  TfLiteTensor& output_tensor(size_t i) { return *interpreter_->output(i); }

 private:
  ModelStatus CheckModel(const uint8_t* model, size_t model_bytes,
                         const tflite::MicroOpResolver& resolver);
  ModelStatus Allocate(const tflite::Model& model, const tflite::MicroOpResolver& resolver,
                       uint8_t* arena, size_t arena_bytes);
  ModelStatus CheckTensors(const ModelShape& shape);

  TflmErrorLog log_;
  tflite::MicroInterpreter* interpreter_ = nullptr;
  TfLiteTensor* input_ = nullptr;
  TfLiteTensor* output_ = nullptr;
  size_t arena_used_ = 0;
  // Not a member object: it can only be constructed when the model is known to be sound.
  alignas(tflite::MicroInterpreter) unsigned char storage_[sizeof(tflite::MicroInterpreter)];
};

}  // namespace kws
