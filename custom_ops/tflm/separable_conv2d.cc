#include "custom_ops/kernels/separable_conv2d.h"

#include "custom_ops/kernels/depthwise_row_pruned.h"
#include "custom_ops/kernels/sparse_conv2d.h"
#include "custom_ops/tflm/register_depthwise.h"
#include "custom_ops/tflm/sparse_depthwise_tensors.h"

#ifndef KWS_KERNELS_M7
#define KWS_KERNELS_M7 0
#endif

namespace kws {
namespace {

constexpr int kInput = 0;
constexpr int kDepthwise = 1;
constexpr int kPointwise = 2;
constexpr int kDepthwiseBias = 3;
constexpr int kPointwiseBias = 4;
constexpr int kOutput = 0;

struct OpData {
  SeparableConv2d conv;  // the biases are set in Eval
  Scratch scratch;
};

// Reports why the operator refuses its node. Every refusal has this one form.
TfLiteStatus Refuse(TfLiteContext* context, const char* reason) {
  TF_LITE_KERNEL_LOG(context, "%s: %s", kSeparableConv2dName, reason);
  return kTfLiteError;
}

void* Init(TfLiteContext* context, const char*, size_t) {
  return AllocatePersistent(context, sizeof(OpData));
}

FormatError ReadWeights(const TfLiteTensor* depthwise, const TfLiteTensor* pointwise,
                        SeparableConv2d* conv) {
  const FormatError error =
      ReadRowPrunedDepthwise(static_cast<const uint8_t*>(depthwise->data.data), depthwise->bytes,
                             &conv->depthwise_weights);
  if (error != FormatError::kOk) return error;
  return ReadBlockSparseConv(static_cast<const uint8_t*>(pointwise->data.data), pointwise->bytes,
                             &conv->pointwise_weights);
}

// Between the halves lies a tensor that TFLM does not know: its size is checked here.
bool IsSmallEnough(const ConvDims& d) {
  return int64_t{d.batches} * d.out_h * d.out_w * d.out_channels <= int64_t{1} << 28;
}

// Reads the packed weights of `node` and checks all tensors against them.
TfLiteStatus PrepareCommon(TfLiteContext* context, TfLiteNode* node) {
  OpData* op = static_cast<OpData*>(node->user_data);
  if (op == nullptr) return Refuse(context, "arena too small");
  if (node->inputs->size != 5 || node->outputs->size != 1) {
    return Refuse(context, "needs 5 inputs and 1 output");
  }
  const PrepareTensor input = TensorAt(context, node->inputs, kInput);
  const PrepareTensor depthwise = TensorAt(context, node->inputs, kDepthwise);
  const PrepareTensor pointwise = TensorAt(context, node->inputs, kPointwise);
  const PrepareTensor depthwise_bias = TensorAt(context, node->inputs, kDepthwiseBias);
  const PrepareTensor pointwise_bias = TensorAt(context, node->inputs, kPointwiseBias);
  const PrepareTensor output = TensorAt(context, node->outputs, kOutput);
  if (input == nullptr || depthwise == nullptr || pointwise == nullptr ||
      depthwise_bias == nullptr || pointwise_bias == nullptr || output == nullptr) {
    return Refuse(context, "an input or output tensor is missing");
  }
  if (!IsActivationTensor(input) || !IsActivationTensor(output)) {
    return Refuse(context, "input and output must be quantised int8 tensors of 4 dimensions");
  }
  if (!IsPackedTensor(depthwise) || !IsPackedTensor(pointwise)) {
    return Refuse(context, "packed weights must be constant 1-D int8 or uint8 tensors");
  }
  SeparableConv2d& conv = op->conv;
  const FormatError error = ReadWeights(depthwise, pointwise, &conv);
  if (error != FormatError::kOk) return Refuse(context, FormatErrorText(error));
  const int* in = input->dims->data;
  if (in[3] != conv.depthwise_weights.in_channels) {
    return Refuse(context, "input channels do not match the packed weights");
  }
  if (!IsBiasTensor(depthwise_bias, conv.depthwise_weights.out_channels) ||
      !IsBiasTensor(pointwise_bias, conv.pointwise_weights.out_channels)) {
    return Refuse(context, "biases must be constant int32 tensors, one value an output channel");
  }
  const bool fits = SeparableConv2dGeometry(in[0], in[1], in[2], input->params.zero_point,
                                            output->params.zero_point, &conv);
  if (!fits || !HasOutputShape(output, conv.pointwise.dims)) {
    return Refuse(context, "the packed weights do not match each other, input and output");
  }
  if (!IsSmallEnough(conv.depthwise.dims)) return Refuse(context, "layer is too large");
  conv.depthwise.narrow = RowPrunedDepthwiseIsNarrow(
      conv.depthwise_weights, static_cast<const int32_t*>(depthwise_bias->data.data));
  conv.pointwise.narrow = SparseConv2dIsNarrow(
      conv.pointwise_weights, static_cast<const int32_t*>(pointwise_bias->data.data));
  return kTfLiteOk;
}

template <size_t (*kScratchBytes)(const SeparableConv2d&)>
TfLiteStatus Prepare(TfLiteContext* context, TfLiteNode* node) {
  const TfLiteStatus status = PrepareCommon(context, node);
  if (status != kTfLiteOk) return status;
  OpData* op = static_cast<OpData*>(node->user_data);
  if (RequestScratch(context, kScratchBytes(op->conv), &op->scratch) != kTfLiteOk) {
    return Refuse(context, "arena too small for the scratch buffer");
  }
  return kTfLiteOk;
}

template <void (*kRun)(const SeparableConv2d&, const int8_t*, int8_t*, void*)>
TfLiteStatus Eval(TfLiteContext* context, TfLiteNode* node) {
  OpData& op = *static_cast<OpData*>(node->user_data);
  op.conv.depthwise.bias = EvalInput<int32_t>(context, node, kDepthwiseBias);
  op.conv.pointwise.bias = EvalInput<int32_t>(context, node, kPointwiseBias);
  kRun(op.conv, EvalInput<int8_t>(context, node, kInput),
       EvalOutput<int8_t>(context, node, kOutput), GetScratch(context, op.scratch));
  return kTfLiteOk;
}

}  // namespace

Registration* Register_SEPARABLE_CONV_2D_REFERENCE() {
  static Registration registration = MakeRegistration(
      Init, Prepare<SeparableConv2dReferenceScratchBytes>, Eval<SeparableConv2dReference>);
  return &registration;
}

Registration* Register_SEPARABLE_CONV_2D_M7() {
  static Registration registration =
      MakeRegistration(Init, Prepare<SeparableConv2dM7ScratchBytes>, Eval<SeparableConv2dM7>);
  return &registration;
}

Registration* Register_SEPARABLE_CONV_2D() {
  return KWS_KERNELS_M7 ? Register_SEPARABLE_CONV_2D_M7() : Register_SEPARABLE_CONV_2D_REFERENCE();
}

}  // namespace kws
