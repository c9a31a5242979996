#include "custom_ops/kernels/softmax.h"

#include "custom_ops/tflm/builtin_kernels.h"
#include "custom_ops/tflm/cmsis_nn/arguments.h"

namespace kws {
namespace {

struct OpData {
  SoftmaxDims dims;
  SoftmaxParams params;
};

void* Init(TfLiteContext* context, const char*, size_t) {
  return AllocatePersistent(context, sizeof(OpData));
}

TfLiteStatus Prepare(TfLiteContext* context, TfLiteNode* node) {
  OpData op = {};
  TF_LITE_ENSURE_STATUS(ReadSoftmax(context, node, &op.dims, &op.params));
  *static_cast<OpData*>(node->user_data) = op;
  return kTfLiteOk;
}

TfLiteStatus Eval(TfLiteContext* context, TfLiteNode* node) {
  const OpData& op = *static_cast<const OpData*>(node->user_data);
  arm_softmax_s8(EvalInput<int8_t>(context, node, 0), op.dims.rows, op.dims.depth,
                 op.params.multiplier, op.params.shift, op.params.least_difference,
                 EvalOutput<int8_t>(context, node, 0));
  return kTfLiteOk;
}

}  // namespace

Registration* Register_SOFTMAX_CMSIS_NN() {
  static Registration registration = MakeRegistration(Init, Prepare, Eval);
  return &registration;
}

}  // namespace kws
