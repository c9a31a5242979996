#include "custom_ops/kernels/add.h"

#include "custom_ops/tflm/add_node.h"
#include "custom_ops/tflm/builtin_kernels.h"
#include "custom_ops/tflm/dense_tensors.h"

namespace kws {
namespace {

struct OpData {
  AddNode node;
  Scratch scratch;
};

void* Init(TfLiteContext* context, const char*, size_t) {
  return AllocatePersistent(context, sizeof(OpData));
}

TfLiteStatus Prepare(TfLiteContext* context, TfLiteNode* node) {
  OpData op = {};
  TF_LITE_ENSURE_STATUS(ReadAdd(context, node, &op.node));
  const uint32_t bytes = AddM7ScratchBytes(op.node.params, op.node.dims);
  if (RequestScratch(context, bytes, &op.scratch) != kTfLiteOk) {
    return RefuseNode(context, "ADD", "arena too small for the scratch buffer");
  }
  *static_cast<OpData*>(node->user_data) = op;
  return kTfLiteOk;
}

TfLiteStatus Eval(TfLiteContext* context, TfLiteNode* node) {
  const OpData& op = *static_cast<const OpData*>(node->user_data);
  AddM7(op.node.params, op.node.dims, EvalInput<int8_t>(context, node, 0),
        EvalInput<int8_t>(context, node, 1), EvalOutput<int8_t>(context, node, 0),
        GetScratch(context, op.scratch));
  return kTfLiteOk;
}

}  // namespace

Registration* Register_ADD_M7() {
  static Registration registration = MakeRegistration(Init, Prepare, Eval);
  return &registration;
}

}  // namespace kws
