#include "stm32f7_app/core/tflm_model.h"

namespace kws {
namespace {

// Below this TFLM cannot even place its own allocator in the arena.
constexpr size_t kSmallestArena = 1024;
// Larger tensors would overflow TFLM's pointer arithmetic before it notices that they do not fit.
constexpr int32_t kMaxTensorElements = 1 << 24;

// The verifier is 9 kB of code. The firmware does without: its model was verified when it was built
// in, and the checksum at boot says that it is still the same.
#ifndef KWS_VERIFY_FLATBUFFER
#define KWS_VERIFY_FLATBUFFER 1
#endif

bool IsFlatbuffer(const uint8_t* model, size_t model_bytes) {
  if (model_bytes < 8 || !tflite::ModelBufferHasIdentifier(model)) return false;
#if KWS_VERIFY_FLATBUFFER
  flatbuffers::Verifier verifier(model, model_bytes);
  return tflite::VerifyModelBuffer(verifier);
#else
  return true;
#endif
}

using Indices = flatbuffers::Vector<int32_t>;

bool InRange(const Indices* indices, size_t count) {
  if (indices == nullptr) return false;
  for (size_t i = 0; i < indices->size(); ++i) {
    const int32_t index = indices->Get(i);
    if (index < -1 || index >= static_cast<int32_t>(count)) return false;  // -1: absent
  }
  return true;
}

bool SaneTensor(const tflite::Tensor* tensor, size_t n_buffers) {
  if (tensor == nullptr || tensor->buffer() >= n_buffers) return false;
  int32_t elements = 1;
  for (size_t i = 0; tensor->shape() != nullptr && i < tensor->shape()->size(); ++i) {
    const int32_t dim = tensor->shape()->Get(i);
    if (dim <= 0 || elements > kMaxTensorElements / dim) return false;
    elements *= dim;
  }
  return true;
}

// True when every index that TFLM will follow points at something.
bool SaneGraph(const tflite::Model& model) {
  const auto* subgraphs = model.subgraphs();
  if (model.operator_codes() == nullptr || model.buffers() == nullptr || subgraphs == nullptr ||
      subgraphs->size() != 1) {
    return false;
  }
  const tflite::SubGraph& graph = *(*subgraphs)[0];
  if (graph.tensors() == nullptr || graph.operators() == nullptr) return false;
  const size_t n_tensors = graph.tensors()->size();
  for (size_t i = 0; i < n_tensors; ++i) {
    if (!SaneTensor(graph.tensors()->Get(i), model.buffers()->size())) return false;
  }
  for (size_t i = 0; i < graph.operators()->size(); ++i) {
    const tflite::Operator* op = graph.operators()->Get(i);
    if (op == nullptr || op->opcode_index() >= model.operator_codes()->size() ||
        !InRange(op->inputs(), n_tensors) || !InRange(op->outputs(), n_tensors)) {
      return false;
    }
  }
  return InRange(graph.inputs(), n_tensors) && graph.inputs()->size() != 0 &&
         InRange(graph.outputs(), n_tensors) && graph.outputs()->size() != 0;
}

const char* OperatorName(const tflite::OperatorCode& code) {
  if (BuiltinCode(code) != tflite::BuiltinOperator_CUSTOM) {
    return tflite::EnumNameBuiltinOperator(BuiltinCode(code));
  }
  return code.custom_code() == nullptr ? "CUSTOM" : code.custom_code()->c_str();
}

// The dimensions without those of size 1, so that [1, F, C, 1] and [1, F, C] are the same.
int32_t Squeeze(const TfLiteIntArray& dims, int32_t (&squeezed)[4]) {
  int32_t n = 0;
  for (int i = 0; i < dims.size; ++i) {
    if (dims.data[i] == 1) continue;
    if (n == 4) return -1;
    squeezed[n++] = dims.data[i];
  }
  return n;
}

bool HasInputShape(const TfLiteTensor& tensor, const ModelShape& shape) {
  int32_t wanted[4];
  int32_t n_wanted = 0;
  if (shape.n_frames != 1) wanted[n_wanted++] = shape.n_frames;
  if (shape.n_features != 1) wanted[n_wanted++] = shape.n_features;
  int32_t found[4];
  const int32_t n_found = Squeeze(*tensor.dims, found);
  if (n_found == 1 && found[0] == shape.n_frames * shape.n_features) return true;  // flat
  if (n_found != n_wanted) return false;
  for (int32_t i = 0; i < n_found; ++i) {
    if (found[i] != wanted[i]) return false;
  }
  return true;
}

bool IsSoftmaxOutput(const TfLiteTensor& tensor, const ModelShape& shape) {
  constexpr float kScoreScale = 1.0f / 256.0f;
  return tensor.type == kTfLiteInt8 && tensor.bytes == static_cast<size_t>(shape.n_classes) &&
         tensor.params.scale == kScoreScale && tensor.params.zero_point == -128;
}

}  // namespace

const char* ErrorCode(ModelStatus status) {
  static constexpr const char* kCodes[] = {"", "E01", "E02", "E03", "E04", "E05"};
  return kCodes[static_cast<int>(status)];
}

ModelStatus TflmModel::Load(const uint8_t* model, size_t model_bytes,
                            const tflite::MicroOpResolver& resolver, uint8_t* arena,
                            size_t arena_bytes) {
  log_.Clear();
  const ActiveSink active(log_);
  ModelStatus status = CheckModel(model, model_bytes, resolver);
  if (status == ModelStatus::kOk) {
    status = Allocate(*tflite::GetModel(model), resolver, arena, arena_bytes);
  }
  if (status == ModelStatus::kOk) {
    input_ = interpreter_->input(0);
    output_ = interpreter_->output(0);
  }
  return status;
}

ModelStatus TflmModel::Load(const uint8_t* model, size_t model_bytes,
                            const tflite::MicroOpResolver& resolver, uint8_t* arena,
                            size_t arena_bytes, const ModelShape& shape) {
  const ModelStatus status = Load(model, model_bytes, resolver, arena, arena_bytes);
  return status == ModelStatus::kOk ? CheckTensors(shape) : status;
}

ModelStatus TflmModel::CheckModel(const uint8_t* model, size_t model_bytes,
                                  const tflite::MicroOpResolver& resolver) {
  if (!IsFlatbuffer(model, model_bytes)) {
    log_.Append("model is not a valid .tflite");
    return ModelStatus::kInvalidModel;
  }
  const tflite::Model& parsed = *tflite::GetModel(model);
  if (parsed.version() != TFLITE_SCHEMA_VERSION) {
    log_.Append("model has schema version ");
    log_.AppendUnsigned(parsed.version());
    log_.Append(", this firmware reads ");
    log_.AppendUnsigned(TFLITE_SCHEMA_VERSION);
    return ModelStatus::kSchemaVersion;
  }
  if (!SaneGraph(parsed)) {
    log_.Append("model has a tensor or operator index out of range");
    return ModelStatus::kInvalidModel;
  }
  bool missing = false;
  for (size_t i = 0; i < parsed.operator_codes()->size(); ++i) {
    const tflite::OperatorCode* code = parsed.operator_codes()->Get(i);
    if (IsRegistered(*code, resolver)) continue;
    log_.Append(missing ? ", " : "operators not in this firmware: ");
    log_.Append(OperatorName(*code));
    missing = true;
  }
  return missing ? ModelStatus::kOperatorMissing : ModelStatus::kOk;
}

ModelStatus TflmModel::Allocate(const tflite::Model& model, const tflite::MicroOpResolver& resolver,
                                uint8_t* arena, size_t arena_bytes) {
  bool exhausted = arena_bytes < kSmallestArena;
  if (!exhausted) {
    if (setjmp(log_.out_of_memory) == 0) {
      log_.armed = true;
      interpreter_ = NewInterpreter(storage_, model, resolver, arena, arena_bytes, log_);
      const bool allocated = interpreter_->initialization_status() == kTfLiteOk &&
                             interpreter_->AllocateTensors() == kTfLiteOk;
      log_.armed = false;
      if (!allocated) return ModelStatus::kInvalidModel;  // the log has TFLM's reason
      arena_used_ = interpreter_->arena_used_bytes();
      log_.Clear();  // arena_used_bytes reports its figure as an error
      return ModelStatus::kOk;
    }
    log_.armed = false;
  }
  const uint32_t missing = log_.missing_bytes();
  log_.Clear();
  log_.Append("arena too small: have ");
  log_.AppendUnsigned(static_cast<uint32_t>(arena_bytes));
  if (missing != 0) {
    log_.Append(" bytes, need at least ");
    log_.AppendUnsigned(static_cast<uint32_t>(arena_bytes) + missing);
  }
  log_.Append(" bytes");
  return ModelStatus::kArenaTooSmall;
}

ModelStatus TflmModel::CheckTensors(const ModelShape& shape) {
  if (n_inputs() != 1 || n_outputs() != 1) {
    log_.Append("model must have one input and one output");
    return ModelStatus::kTensorMismatch;
  }
  if (input_->type != kTfLiteInt8 || !HasInputShape(*input_, shape)) {
    log_.Append("model input must be int8 ");
    log_.AppendUnsigned(static_cast<uint32_t>(shape.n_frames));
    log_.Append(" x ");
    log_.AppendUnsigned(static_cast<uint32_t>(shape.n_features));
    return ModelStatus::kTensorMismatch;
  }
  if (!IsSoftmaxOutput(*output_, shape)) {
    log_.Append("model output must be int8 softmax (scale 1/256, zero point -128) of ");
    log_.AppendUnsigned(static_cast<uint32_t>(shape.n_classes));
    log_.Append(" classes");
    return ModelStatus::kTensorMismatch;
  }
  return ModelStatus::kOk;
}

bool TflmModel::Invoke() {
  log_.Clear();
  const ActiveSink active(log_);
  return interpreter_->Invoke() == kTfLiteOk;
}

}  // namespace kws
