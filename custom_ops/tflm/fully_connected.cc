#include "custom_ops/kernels/fully_connected.h"

#include "custom_ops/tflm/builtin_kernels.h"
#include "custom_ops/tflm/dense_nodes.h"

namespace kws {
namespace {

struct OpData {
  FullyConnectedDims dims;
  FullyConnectedParams params;
  Scratch scratch;
};

void* Init(TfLiteContext* context, const char*, size_t) {
  return AllocatePersistent(context, sizeof(OpData));
}

TfLiteStatus Prepare(TfLiteContext* context, TfLiteNode* node) {
  OpData op = {};
  TF_LITE_ENSURE_STATUS(ReadFullyConnected(context, node, &op.dims, &op.params));
  if (RequestScratch(context, FullyConnectedM7ScratchBytes(op.dims), &op.scratch) != kTfLiteOk) {
    return RefuseNode(context, "FULLY_CONNECTED", "arena too small for the scratch buffer");
  }
  *static_cast<OpData*>(node->user_data) = op;
  return kTfLiteOk;
}

TfLiteStatus Eval(TfLiteContext* context, TfLiteNode* node) {
  const OpData& op = *static_cast<const OpData*>(node->user_data);
  FullyConnectedM7(op.dims, op.params, EvalInput<int8_t>(context, node, 0),
                   EvalInput<int8_t>(context, node, 1),
                   EvalOptionalInput<int32_t>(context, node, 2),
                   EvalOutput<int8_t>(context, node, 0), GetScratch(context, op.scratch));
  return kTfLiteOk;
}

}  // namespace

Registration* Register_FULLY_CONNECTED_M7() {
  static Registration registration = MakeRegistration(Init, Prepare, Eval);
  return &registration;
}

}  // namespace kws
