#include "custom_ops/tflm/add_node.h"

#include "custom_ops/tflm/dense_tensors.h"
#include "tensorflow/lite/kernels/kernel_util.h"

namespace kws {
namespace {

constexpr char kName[] = "ADD";
constexpr int kRank = AddDims::kRank;

bool IsInt8UpToRank4(const TfLiteTensor* tensor) {
  return tensor != nullptr && tensor->dims != nullptr && tensor->dims->size <= kRank &&
         IsQuantizedInt8(tensor, tensor->dims->size);
}

// Shapes with ones in front, as broadcasting reads them.
struct Shape {
  int32_t side[kRank];

  explicit Shape(const TfLiteTensor* tensor) {
    const int missing = kRank - tensor->dims->size;
    for (int i = 0; i < kRank; ++i) side[i] = i < missing ? 1 : tensor->dims->data[i - missing];
  }
};

bool Broadcasts(const Shape& a, const Shape& b, const Shape& output) {
  for (int i = 0; i < kRank; ++i) {
    const int32_t x = a.side[i], y = b.side[i];
    if (output.side[i] != (x == 1 ? y : x) || (x != y && x != 1 && y != 1)) return false;
  }
  return true;
}

AddDims Dims(const Shape& a, const Shape& b, const Shape& output) {
  AddDims dims = {};
  int32_t distance_a = 1, distance_b = 1;
  int last = kRank;  // the outermost dimension of `dims` so far
  bool open = false;
  bool whole_a = false, whole_b = false;
  for (int i = kRank - 1; i >= 0; --i) {
    if (output.side[i] == 1) continue;
    const bool moves_a = a.side[i] > 1, moves_b = b.side[i] > 1;
    if (open && moves_a == whole_a && moves_b == whole_b) {
      dims.size[last] *= output.side[i];
    } else {
      --last;
      dims.size[last] = output.side[i];
      dims.stride_a[last] = moves_a ? distance_a : 0;
      dims.stride_b[last] = moves_b ? distance_b : 0;
      open = true;
      whole_a = moves_a;
      whole_b = moves_b;
    }
    distance_a *= a.side[i];
    distance_b *= b.side[i];
  }
  for (int i = 0; i < last; ++i) dims.size[i] = 1;
  return dims;
}

// As TFLite derives them. False when TFLite could not scale so.
bool Scales(double a, double b, double output, AddParams* params) {
  constexpr double kDigits = 1 << 20;
  const double twice_larger = 2 * (a > b ? a : b);
  const double result = twice_larger / (kDigits * output);
  if (!(a > 0 && b > 0 && output > 0 && result < 1)) return false;  // NaN as well
  return QuantizeScale(a / twice_larger, &params->a.multiplier, &params->a.shift) &&
         QuantizeScale(b / twice_larger, &params->b.multiplier, &params->b.shift) &&
         QuantizeScale(result, &params->output_multiplier, &params->output_shift);
}

}  // namespace

TfLiteStatus ReadAdd(TfLiteContext* context, const TfLiteNode* node, AddNode* add) {
  if (node->user_data == nullptr || node->builtin_data == nullptr) {
    return RefuseNode(context, kName, "options are absent or the arena is too small");
  }
  if (node->inputs->size != 2 || node->outputs->size != 1) {
    return RefuseNode(context, kName, "needs 2 inputs and 1 output");
  }
  const PrepareTensor a = TensorAt(context, node->inputs, 0);
  const PrepareTensor b = TensorAt(context, node->inputs, 1);
  const PrepareTensor output = TensorAt(context, node->outputs, 0);
  if (!IsInt8UpToRank4(a) || !IsInt8UpToRank4(b) || !IsInt8UpToRank4(output)) {
    return RefuseNode(context, kName,
                      "inputs and output must be quantised int8 of 1 to 4 dimensions");
  }
  const Shape shape_a(a), shape_b(b), shape(output);
  if (!Broadcasts(shape_a, shape_b, shape)) {
    return RefuseNode(context, kName, "output shape does not follow from the inputs");
  }
  add->dims = Dims(shape_a, shape_b, shape);
  add->params.a.zero_point = a->params.zero_point;
  add->params.b.zero_point = b->params.zero_point;
  add->params.output_zero_point = output->params.zero_point;
  if (!Scales(static_cast<double>(a->params.scale), static_cast<double>(b->params.scale),
              static_cast<double>(output->params.scale), &add->params)) {
    return RefuseNode(context, kName, "scales are out of range");
  }
  const auto& options = *static_cast<const TfLiteAddParams*>(node->builtin_data);
  return tflite::CalculateActivationRangeQuantized(context, options.activation, output,
                                                   &add->params.activation_min,
                                                   &add->params.activation_max);
}

}  // namespace kws
