#include "custom_ops/kernels/average_pool.h"

#include "custom_ops/tflm/builtin_kernels.h"
#include "custom_ops/tflm/dense_nodes.h"

namespace kws {
namespace {

void* Init(TfLiteContext* context, const char*, size_t) {
  return AllocatePersistent(context, sizeof(WindowGeometry));
}

TfLiteStatus Prepare(TfLiteContext* context, TfLiteNode* node) {
  WindowGeometry geometry;
  TF_LITE_ENSURE_STATUS(ReadAveragePool(context, node, &geometry));
  *static_cast<WindowGeometry*>(node->user_data) = geometry;
  return kTfLiteOk;
}

TfLiteStatus Eval(TfLiteContext* context, TfLiteNode* node) {
  const auto& op = *static_cast<const WindowGeometry*>(node->user_data);
  AveragePoolM7(op.dims, op.filter, op.params, EvalInput<int8_t>(context, node, 0),
                EvalOutput<int8_t>(context, node, 0));
  return kTfLiteOk;
}

}  // namespace

Registration* Register_AVERAGE_POOL_2D_M7() {
  static Registration registration = MakeRegistration(Init, Prepare, Eval);
  return &registration;
}

}  // namespace kws
