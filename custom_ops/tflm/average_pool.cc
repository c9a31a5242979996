#include "custom_ops/kernels/average_pool.h"

#include "custom_ops/tflm/builtin_kernels.h"
#include "custom_ops/tflm/dense_tensors.h"

namespace kws {
namespace {

constexpr char kName[] = "AVERAGE_POOL_2D";

struct OpData {
  ConvDims dims;
  FilterDims window;
  ConvParams params;
};

void* Init(TfLiteContext* context, const char*, size_t) {
  return AllocatePersistent(context, sizeof(OpData));
}

TfLiteStatus Prepare(TfLiteContext* context, TfLiteNode* node) {
  if (node->user_data == nullptr || node->builtin_data == nullptr) {
    return RefuseNode(context, kName, "options are absent or the arena is too small");
  }
  const TfLiteTensor* input = TensorAt(context, node->inputs, 0);
  TfLiteTensor* output = TensorAt(context, node->outputs, 0);
  if (input == nullptr || output == nullptr) {
    return RefuseNode(context, kName, "an input or output tensor is missing");
  }
  OpData& op = *static_cast<OpData*>(node->user_data);
  const auto& options = *static_cast<const TfLitePoolParams*>(node->builtin_data);
  op.window = {options.filter_height, options.filter_width};
  const WindowOptions window = {options.padding, options.stride_height, options.stride_width, 1, 1,
                                op.window,       options.activation};
  TF_LITE_ENSURE_STATUS(ReadWindow(context, kName, input, output, window, &op.dims, &op.params));
  if (op.dims.in_channels != op.dims.out_channels) {
    return RefuseNode(context, kName, "channels of input and output do not agree");
  }
  return kTfLiteOk;
}

TfLiteStatus Eval(TfLiteContext* context, TfLiteNode* node) {
  const OpData& op = *static_cast<const OpData*>(node->user_data);
  AveragePoolM7(op.dims, op.window, op.params, EvalInput<int8_t>(context, node, 0),
                EvalOutput<int8_t>(context, node, 0));
  return kTfLiteOk;
}

}  // namespace

Registration* Register_AVERAGE_POOL_2D_M7() {
  static Registration registration = MakeRegistration(Init, Prepare, Eval);
  return &registration;
}

}  // namespace kws
