#include "custom_ops/kernels/softmax.h"

#include "custom_ops/tflm/builtin_kernels.h"
#include "custom_ops/tflm/dense_nodes.h"

namespace kws {
namespace {

struct OpData {
  SoftmaxDims dims;
  SoftmaxParams params;
  Scratch scratch;
};

void* Init(TfLiteContext* context, const char*, size_t) {
  return AllocatePersistent(context, sizeof(OpData));
}

TfLiteStatus Prepare(TfLiteContext* context, TfLiteNode* node) {
  OpData op = {};
  TF_LITE_ENSURE_STATUS(ReadSoftmax(context, node, &op.dims, &op.params));
  if (RequestScratch(context, SoftmaxM7ScratchBytes(op.dims), &op.scratch) != kTfLiteOk) {
    return RefuseNode(context, "SOFTMAX", "arena too small for the scratch buffer");
  }
  *static_cast<OpData*>(node->user_data) = op;
  return kTfLiteOk;
}

TfLiteStatus Eval(TfLiteContext* context, TfLiteNode* node) {
  const OpData& op = *static_cast<const OpData*>(node->user_data);
  SoftmaxM7(op.dims, op.params, EvalInput<int8_t>(context, node, 0),
            EvalOutput<int8_t>(context, node, 0), GetScratch(context, op.scratch));
  return kTfLiteOk;
}

}  // namespace

Registration* Register_SOFTMAX_M7() {
  static Registration registration = MakeRegistration(Init, Prepare, Eval);
  return &registration;
}

}  // namespace kws
