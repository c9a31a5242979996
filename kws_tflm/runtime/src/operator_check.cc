#include "kws_tflm/runtime/src/operator_check.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "custom_ops/tflm/interpreter.h"

namespace kws::host {
namespace {

using Shape = std::vector<int64_t>;

struct View {
  const tflite::SubGraph& graph;
  const tflite::Operator& op;

  // Absent optional input: nullptr.
  const tflite::Tensor* in(size_t i) const {
    if (i >= op.inputs()->size() || op.inputs()->Get(i) < 0) return nullptr;
    return graph.tensors()->Get(op.inputs()->Get(i));
  }
  const tflite::Tensor* out() const { return graph.tensors()->Get(op.outputs()->Get(0)); }
};

Shape ShapeOf(const tflite::Tensor& tensor) {
  Shape shape;
  if (tensor.shape() != nullptr) shape.assign(tensor.shape()->begin(), tensor.shape()->end());
  return shape;
}

int64_t Count(const Shape& shape) {
  int64_t count = 1;
  for (int64_t dim : shape) count *= dim;
  return count;
}

bool IsInt8(const tflite::Tensor* tensor) {
  return tensor != nullptr && tensor->type() == tflite::TensorType_INT8;
}

bool Quantised(const tflite::Tensor* tensor) {
  return tensor->quantization() != nullptr && tensor->quantization()->scale() != nullptr &&
         tensor->quantization()->scale()->size() > 0;
}

int64_t OutputSize(tflite::Padding padding, int64_t in, int64_t kernel, int64_t stride,
                   int64_t dilation) {
  const int64_t reach = (kernel - 1) * dilation + 1;
  if (padding == tflite::Padding_SAME) return (in + stride - 1) / stride;
  return in < reach ? 0 : (in - reach) / stride + 1;
}

bool PositiveSmall(std::initializer_list<int64_t> values) {
  return std::all_of(values.begin(), values.end(), [](int64_t v) { return v >= 1 && v <= 4096; });
}

std::string CheckBias(const tflite::Tensor* bias, int64_t channels) {
  if (bias == nullptr) return "";
  if (bias->type() != tflite::TensorType_INT32) return "bias must be int32";
  return Count(ShapeOf(*bias)) == channels ? "" : "bias has the wrong length";
}

// Shared by CONV_2D, DEPTHWISE_CONV_2D and the pools: the output's height and width.
std::string CheckWindow(const Shape& in, const Shape& out, tflite::Padding padding,
                        const int64_t kernel[2], const int64_t stride[2],
                        const int64_t dilation[2]) {
  if (!PositiveSmall({kernel[0], kernel[1], stride[0], stride[1], dilation[0], dilation[1]})) {
    return "kernel, stride and dilation must be positive";
  }
  for (int i = 0; i < 2; ++i) {
    if (out[1 + i] != OutputSize(padding, in[1 + i], kernel[i], stride[i], dilation[i])) {
      return "output shape does not follow from the input";
    }
  }
  return out[0] == in[0] ? "" : "batch differs between input and output";
}

template <typename Options>
std::string CheckConv(const View& view, const Options* options, bool depthwise,
                      int64_t multiplier) {
  const auto *input = view.in(0), *filter = view.in(1), *output = view.out();
  if (options == nullptr) return "options are absent";
  if (!IsInt8(input) || !IsInt8(filter) || !IsInt8(output)) return "tensors must be int8";
  if (!Quantised(input) || !Quantised(filter) || !Quantised(output))
    return "quantisation is absent";
  const Shape in = ShapeOf(*input), kernel = ShapeOf(*filter), out = ShapeOf(*output);
  if (in.size() != 4 || kernel.size() != 4 || out.size() != 4) return "tensors must have rank 4";
  const int64_t channels = depthwise ? kernel[3] : kernel[0];
  const bool agree =
      depthwise ? kernel[0] == 1 && channels == in[3] * multiplier : kernel[3] == in[3];
  if (!agree || out[3] != channels) return "channels of input, filter and output do not agree";
  const auto scales = static_cast<int64_t>(filter->quantization()->scale()->size());
  if (scales != 1 && scales != channels) return "filter has the wrong number of scales";
  const int64_t size[2] = {kernel[1], kernel[2]};
  const int64_t stride[2] = {options->stride_h(), options->stride_w()};
  const int64_t dilation[2] = {options->dilation_h_factor(), options->dilation_w_factor()};
  const std::string window = CheckWindow(in, out, options->padding(), size, stride, dilation);
  return window.empty() ? CheckBias(view.in(2), channels) : window;
}

std::string CheckPool(const View& view, const tflite::Pool2DOptions* options) {
  const auto *input = view.in(0), *output = view.out();
  if (options == nullptr) return "options are absent";
  if (!IsInt8(input) || !IsInt8(output)) return "tensors must be int8";
  const Shape in = ShapeOf(*input), out = ShapeOf(*output);
  if (in.size() != 4 || out.size() != 4 || in[3] != out[3]) return "shapes do not agree";
  const int64_t size[2] = {options->filter_height(), options->filter_width()};
  const int64_t stride[2] = {options->stride_h(), options->stride_w()};
  const int64_t dilation[2] = {1, 1};
  return CheckWindow(in, out, options->padding(), size, stride, dilation);
}

std::string CheckFullyConnected(const View& view) {
  const auto *input = view.in(0), *filter = view.in(1), *output = view.out();
  if (view.op.builtin_options_as_FullyConnectedOptions() == nullptr) return "options are absent";
  if (!IsInt8(input) || !IsInt8(filter) || !IsInt8(output)) return "tensors must be int8";
  if (!Quantised(input) || !Quantised(filter) || !Quantised(output))
    return "quantisation is absent";
  const Shape weights = ShapeOf(*filter);
  if (weights.size() != 2) return "weights must have rank 2";
  const int64_t inputs = Count(ShapeOf(*input));
  if (inputs % weights[1] != 0 || Count(ShapeOf(*output)) != inputs / weights[1] * weights[0]) {
    return "shapes do not agree";
  }
  return CheckBias(view.in(2), weights[0]);
}

std::string CheckSameCount(const View& view) {
  if (!IsInt8(view.in(0)) || !IsInt8(view.out())) return "tensors must be int8";
  if (Count(ShapeOf(*view.in(0))) != Count(ShapeOf(*view.out()))) return "shapes do not agree";
  return "";
}

// TFLM ends the program on scales that it cannot turn into multipliers below 1 (ADD in add.cc), and
// reads past its inputs where their shapes do not broadcast to the output's.
std::string CheckAdd(const View& view) {
  const auto *a = view.in(0), *b = view.in(1), *output = view.out();
  if (view.op.builtin_options_as_AddOptions() == nullptr) return "options are absent";
  if (!IsInt8(a) || !IsInt8(b) || !IsInt8(output)) return "tensors must be int8";
  if (!Quantised(a) || !Quantised(b) || !Quantised(output)) return "quantisation is absent";
  const double larger =
      std::max(a->quantization()->scale()->Get(0), b->quantization()->scale()->Get(0));
  const double smaller =
      std::min(a->quantization()->scale()->Get(0), b->quantization()->scale()->Get(0));
  const double ratio =
      2 * larger / ((1 << 20) * static_cast<double>(output->quantization()->scale()->Get(0)));
  constexpr double kSmallest = 1.0 / (1 << 30);
  if (!(ratio > kSmallest && ratio < 0.99 && smaller / larger > kSmallest)) {
    return "scales are too far apart";
  }
  const Shape first = ShapeOf(*a), second = ShapeOf(*b), sum = ShapeOf(*output);
  if (sum.size() > 4 || std::max(first.size(), second.size()) != sum.size()) {
    return "shapes do not agree";
  }
  for (size_t i = 1; i <= sum.size(); ++i) {
    const int64_t x = i <= first.size() ? first[first.size() - i] : 1;
    const int64_t y = i <= second.size() ? second[second.size() - i] : 1;
    const bool agree = x == y || x == 1 || y == 1;
    if (!agree || sum[sum.size() - i] != std::max(x, y)) return "shapes do not agree";
  }
  return "";
}

std::string CheckAllInt8(const View& view) {
  for (size_t i = 0; i < view.op.inputs()->size(); ++i) {
    const auto* tensor = view.in(i);
    if (tensor != nullptr && tensor->type() != tflite::TensorType_INT8 &&
        tensor->type() != tflite::TensorType_INT32) {
      return "tensors must be int8";
    }
  }
  return IsInt8(view.out()) ? "" : "tensors must be int8";
}

}  // namespace

std::string CheckOperatorShapes(const tflite::Model& model, const tflite::SubGraph& graph,
                                const tflite::Operator& op) {
  const View view{graph, op};
  switch (BuiltinCode(*model.operator_codes()->Get(op.opcode_index()))) {
    case tflite::BuiltinOperator_CONV_2D:
      return CheckConv(view, op.builtin_options_as_Conv2DOptions(), false, 1);
    case tflite::BuiltinOperator_DEPTHWISE_CONV_2D: {
      const auto* options = op.builtin_options_as_DepthwiseConv2DOptions();
      return CheckConv(view, options, true, options == nullptr ? 1 : options->depth_multiplier());
    }
    case tflite::BuiltinOperator_ADD:
      return CheckAdd(view);
    case tflite::BuiltinOperator_AVERAGE_POOL_2D:
    case tflite::BuiltinOperator_MAX_POOL_2D:
      return CheckPool(view, op.builtin_options_as_Pool2DOptions());
    case tflite::BuiltinOperator_FULLY_CONNECTED:
      return CheckFullyConnected(view);
    case tflite::BuiltinOperator_SOFTMAX:
      // TFLM leaves the options of an operator undefined that has none, or another's.
      if (op.builtin_options_as_SoftmaxOptions() == nullptr) return "options are absent";
      return CheckSameCount(view);
    case tflite::BuiltinOperator_RESHAPE:
      if (view.in(1) == nullptr && op.builtin_options_as_ReshapeOptions() == nullptr) {
        return "options are absent";
      }
      return CheckSameCount(view);
    case tflite::BuiltinOperator_RELU:
    case tflite::BuiltinOperator_RELU6:
    case tflite::BuiltinOperator_LOGISTIC:
      return CheckSameCount(view);
    case tflite::BuiltinOperator_CUSTOM:
      return "";  // Prepare of our own operators checks everything.
    default:
      return CheckAllInt8(view);
  }
}

}  // namespace kws::host
