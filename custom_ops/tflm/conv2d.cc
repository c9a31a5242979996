#include "custom_ops/kernels/conv2d.h"

#include "custom_ops/tflm/builtin_kernels.h"
#include "custom_ops/tflm/dense_nodes.h"

namespace kws {
namespace {

constexpr char kName[] = "CONV_2D";

struct OpData {
  WindowGeometry geometry;
  ChannelScales scales;
  Scratch scratch;
};

void* Init(TfLiteContext* context, const char*, size_t) {
  return AllocatePersistent(context, sizeof(OpData));
}

TfLiteStatus Prepare(TfLiteContext* context, TfLiteNode* node) {
  OpData* op = static_cast<OpData*>(node->user_data);
  DenseTensors tensors;
  WindowGeometry geometry;
  TF_LITE_ENSURE_STATUS(ReadConv2d(context, node, &tensors, &geometry));
  op->geometry = geometry;
  const ConvDims& dims = geometry.dims;
  TF_LITE_ENSURE_STATUS(
      PrepareChannelScales(context, kName, tensors, dims.out_channels, &op->scales));
  const size_t bytes = Conv2dM7ScratchBytes(dims, geometry.filter);
  if (RequestScratch(context, bytes, &op->scratch) != kTfLiteOk) {
    return RefuseNode(context, kName, "arena too small for the scratch buffer");
  }
  return kTfLiteOk;
}

TfLiteStatus Eval(TfLiteContext* context, TfLiteNode* node) {
  const OpData& op = *static_cast<const OpData*>(node->user_data);
  Conv2dM7(op.geometry.dims, op.geometry.filter, op.geometry.params, op.scales,
           EvalInput<int8_t>(context, node, 0), EvalInput<int8_t>(context, node, 1),
           EvalOptionalInput<int32_t>(context, node, 2), EvalOutput<int8_t>(context, node, 0),
           GetScratch(context, op.scratch));
  return kTfLiteOk;
}

}  // namespace

Registration* Register_CONV_2D_M7() {
  static Registration registration = MakeRegistration(Init, Prepare, Eval);
  return &registration;
}

}  // namespace kws
