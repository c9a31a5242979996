#include "kws_tflm/runtime/src/model_check.h"

#include <cstdint>
#include <vector>

#include "custom_ops/tflm/interpreter.h"
#include "kws_tflm/runtime/src/operator_check.h"

namespace kws::host {
namespace {

constexpr int64_t kMaxElements = int64_t{1} << 28;

int ElementBytes(tflite::TensorType type) {
  switch (type) {
    case tflite::TensorType_INT8:
    case tflite::TensorType_UINT8:
    case tflite::TensorType_BOOL:
      return 1;
    case tflite::TensorType_INT16:
      return 2;
    case tflite::TensorType_INT32:
    case tflite::TensorType_FLOAT32:
      return 4;
    case tflite::TensorType_INT64:
      return 8;
    default:
      return 0;
  }
}

// Elements of a shape; -1 when a dimension is not positive or the product is absurd.
int64_t Elements(const flatbuffers::Vector<int32_t>* shape) {
  int64_t count = 1;
  if (shape == nullptr) return count;
  for (int32_t dim : *shape) {
    if (dim <= 0 || count > kMaxElements / dim) return -1;
    count *= dim;
  }
  return count;
}

bool Aligned(const void* data, size_t bytes) {
  return reinterpret_cast<uintptr_t>(data) % bytes == 0;
}

std::string CheckTensor(const tflite::Model& model, const tflite::Tensor* tensor, size_t index) {
  const std::string where = "tensor " + std::to_string(index);
  if (tensor == nullptr) return where + " is absent";
  if (tensor->buffer() >= model.buffers()->size()) return where + ": no such buffer";
  const int64_t elements = Elements(tensor->shape());
  if (elements < 0) return where + ": shape is not fixed and positive";
  const int width = ElementBytes(tensor->type());
  if (width == 0) return where + ": element type is not supported";
  const auto* buffer = model.buffers()->Get(tensor->buffer());
  const auto* data = buffer == nullptr ? nullptr : buffer->data();
  if (data != nullptr && data->size() != 0 &&
      static_cast<int64_t>(data->size()) != elements * width) {
    return where + ": has " + std::to_string(data->size()) + " bytes of data, its shape needs " +
           std::to_string(elements * width);
  }
  // The schema asks for 16, the verifier does not look.
  if (data != nullptr && data->size() != 0 && !Aligned(data->data(), alignof(int32_t))) {
    return where + ": data is not aligned";
  }
  const auto* quantization = tensor->quantization();
  if (quantization != nullptr && quantization->scale() != nullptr) {
    const auto* zero_point = quantization->zero_point();
    if (zero_point != nullptr && !Aligned(zero_point->data(), alignof(int64_t))) {
      return where + ": zero points are not aligned";
    }
    const size_t scales = quantization->scale()->size();
    if (zero_point == nullptr ? scales != 0 : zero_point->size() != scales) {
      return where + ": scales and zero points differ in number";
    }
    // TFLM's kernels end the program on others.
    for (size_t i = 0; i < scales && tensor->type() == tflite::TensorType_INT8; ++i) {
      if (zero_point->Get(i) < INT8_MIN || zero_point->Get(i) > INT8_MAX) {
        return where + ": zero point is not an int8 value";
      }
    }
    if (scales > 1) {
      const int32_t axis = quantization->quantized_dimension();
      const auto* shape = tensor->shape();
      if (shape == nullptr || axis < 0 || axis >= static_cast<int32_t>(shape->size()) ||
          static_cast<size_t>(shape->Get(axis)) != scales) {
        return where + ": number of scales does not match the quantised dimension";
      }
    }
    for (float scale : *quantization->scale()) {
      if (!(scale > 0.0f && scale < 1e9f)) return where + ": scale is not positive and finite";
    }
  }
  return "";
}

bool IndicesInRange(const flatbuffers::Vector<int32_t>* indices, size_t count, bool optional) {
  if (indices == nullptr) return false;
  for (int32_t index : *indices) {
    if (optional && index == -1) continue;
    if (index < 0 || static_cast<size_t>(index) >= count) return false;
  }
  return true;
}

std::string Name(const tflite::OperatorCode& code) {
  if (BuiltinCode(code) == tflite::BuiltinOperator_CUSTOM) return code.custom_code()->str();
  return tflite::EnumNameBuiltinOperator(BuiltinCode(code));
}

std::string CheckOperator(const tflite::Model& model, const tflite::SubGraph& graph,
                          const tflite::Operator* op, size_t index) {
  const std::string where = "operator " + std::to_string(index);
  if (op == nullptr) return where + " is absent";
  if (op->opcode_index() >= model.operator_codes()->size())
    return where + ": no such operator code";
  const auto* code = model.operator_codes()->Get(op->opcode_index());
  if (code == nullptr) return where + ": operator code is absent";
  const size_t tensors = graph.tensors()->size();
  if (!IndicesInRange(op->inputs(), tensors, true) || op->inputs()->size() == 0 ||
      op->inputs()->Get(0) < 0) {
    return where + ": bad input tensor index";
  }
  if (!IndicesInRange(op->outputs(), tensors, false) || op->outputs()->size() == 0) {
    return where + ": bad output tensor index";
  }
  const bool custom = BuiltinCode(*code) == tflite::BuiltinOperator_CUSTOM;
  if (custom ? code->custom_code() == nullptr
             : op->builtin_options_type() != tflite::BuiltinOptions_NONE &&
                   op->builtin_options() == nullptr) {
    return where + ": options are absent";
  }
  const std::string shapes = CheckOperatorShapes(model, graph, *op);
  return shapes.empty() ? shapes : where + " (" + Name(*code) + "): " + shapes;
}

// Every tensor is written once, before it is read: a constant, the graph's input, or the output of
// an earlier operator. Otherwise TFLM would leave it without memory or overwrite the model.
std::string CheckDataFlow(const tflite::Model& model, const tflite::SubGraph& graph) {
  std::vector<bool> written(graph.tensors()->size());
  for (size_t i = 0; i < written.size(); ++i) {
    const tflite::Tensor& tensor = *graph.tensors()->Get(i);
    if (tensor.is_variable())
      return "tensor " + std::to_string(i) + ": variables are not supported";
    const auto* buffer = model.buffers()->Get(tensor.buffer());
    written[i] = buffer != nullptr && buffer->data() != nullptr && buffer->data()->size() != 0;
  }
  if (written[graph.inputs()->Get(0)]) return "the model's input is a constant";
  written[graph.inputs()->Get(0)] = true;
  for (size_t i = 0; i < graph.operators()->size(); ++i) {
    const tflite::Operator& op = *graph.operators()->Get(i);
    const std::string where = "operator " + std::to_string(i);
    for (int32_t input : *op.inputs()) {
      if (input >= 0 && !written[input]) return where + ": reads a tensor that nothing has written";
    }
    for (int32_t output : *op.outputs()) {
      if (written[output]) return where + ": writes a tensor that is already written";
      written[output] = true;
    }
  }
  return written[graph.outputs()->Get(0)] ? "" : "no operator writes the model's output";
}

}  // namespace

std::string CheckStructure(const tflite::Model& model) {
  if (model.operator_codes() == nullptr || model.buffers() == nullptr) {
    return "operator codes or buffers are absent";
  }
  if (model.subgraphs() == nullptr || model.subgraphs()->size() != 1 ||
      model.subgraphs()->Get(0) == nullptr) {
    return "exactly one subgraph is supported";
  }
  const tflite::SubGraph& graph = *model.subgraphs()->Get(0);
  if (graph.tensors() == nullptr || graph.operators() == nullptr) {
    return "tensors or operators are absent";
  }
  for (size_t i = 0; i < graph.tensors()->size(); ++i) {
    std::string error = CheckTensor(model, graph.tensors()->Get(i), i);
    if (!error.empty()) return error;
  }
  const size_t tensors = graph.tensors()->size();
  if (!IndicesInRange(graph.inputs(), tensors, false) || graph.inputs()->size() != 1 ||
      !IndicesInRange(graph.outputs(), tensors, false) || graph.outputs()->size() != 1) {
    return "exactly one input and one output are supported";
  }
  for (size_t i = 0; i < graph.operators()->size(); ++i) {
    std::string error = CheckOperator(model, graph, graph.operators()->Get(i), i);
    if (!error.empty()) return error;
  }
  return CheckDataFlow(model, graph);
}

}  // namespace kws::host
