#include "custom_ops/kernels/depthwise_row_pruned.h"
#include "custom_ops/kernels/sparse_geometry.h"
#include "custom_ops/tflm/register_depthwise.h"
#include "custom_ops/tflm/sparse_depthwise_tensors.h"

#ifndef KWS_KERNELS_M7
#define KWS_KERNELS_M7 0
#endif

namespace kws {
namespace {

constexpr int kInput = 0;
constexpr int kWeights = 1;
constexpr int kBias = 2;
constexpr int kOutput = 0;

struct OpData {
  RowPrunedDepthwise weights;
  ConvDims dims;
  ConvParams params;
  bool narrow;
  Scratch scratch;
};

// Reports why the operator refuses its node. Every refusal has this one form.
TfLiteStatus Refuse(TfLiteContext* context, const char* reason) {
  TF_LITE_KERNEL_LOG(context, "%s: %s", kSparseDepthwiseName, reason);
  return kTfLiteError;
}

void* Init(TfLiteContext* context, const char*, size_t) {
  return AllocatePersistent(context, sizeof(OpData));
}

// Reads the packed weights of `node` and checks all tensors against them.
TfLiteStatus PrepareCommon(TfLiteContext* context, TfLiteNode* node) {
  OpData* op = static_cast<OpData*>(node->user_data);
  if (op == nullptr) return Refuse(context, "arena too small");
  if (node->inputs->size != 3 || node->outputs->size != 1) {
    return Refuse(context, "needs 3 inputs and 1 output");
  }
  const PrepareTensor input = TensorAt(context, node->inputs, kInput);
  const PrepareTensor packed = TensorAt(context, node->inputs, kWeights);
  const PrepareTensor bias = TensorAt(context, node->inputs, kBias);
  const PrepareTensor output = TensorAt(context, node->outputs, kOutput);
  if (input == nullptr || packed == nullptr || bias == nullptr || output == nullptr) {
    return Refuse(context, "an input or output tensor is missing");
  }
  if (!IsActivationTensor(input) || !IsActivationTensor(output)) {
    return Refuse(context, "input and output must be quantised int8 tensors of 4 dimensions");
  }
  if (!IsPackedTensor(packed)) {
    return Refuse(context, "packed weights must be a constant 1-D int8 or uint8 tensor");
  }
  const FormatError error = ReadRowPrunedDepthwise(static_cast<const uint8_t*>(packed->data.data),
                                                   packed->bytes, &op->weights);
  if (error != FormatError::kOk) return Refuse(context, FormatErrorText(error));
  if (op->weights.use != RowPrunedUse::kAlone) {
    return Refuse(context, "the packed weights are half of a separable convolution");
  }
  const int* in = input->dims->data;
  if (in[3] != op->weights.in_channels) {
    return Refuse(context, "input channels do not match the packed weights");
  }
  if (!IsBiasTensor(bias, op->weights.out_channels)) {
    return Refuse(context, "bias must be a constant int32 tensor, one value an output channel");
  }
  const bool fits = SparseConvGeometry(op->weights, in[0], in[1], in[2], &op->dims, &op->params);
  if (!fits || !HasOutputShape(output, op->dims)) {
    return Refuse(context, "output shape does not match input and packed weights");
  }
  op->params.input_zero_point = input->params.zero_point;
  op->params.output_zero_point = output->params.zero_point;
  op->narrow =
      RowPrunedDepthwiseIsNarrow(op->weights, static_cast<const int32_t*>(bias->data.data));
  return kTfLiteOk;
}

TfLiteStatus PrepareM7(TfLiteContext* context, TfLiteNode* node) {
  const TfLiteStatus status = PrepareCommon(context, node);
  if (status != kTfLiteOk) return status;
  OpData* op = static_cast<OpData*>(node->user_data);
  const size_t bytes = RowPrunedDepthwiseM7ScratchBytes(op->weights, op->dims, op->params);
  if (RequestScratch(context, bytes, &op->scratch) != kTfLiteOk) {
    return Refuse(context, "arena too small for the scratch buffer");
  }
  return kTfLiteOk;
}

TfLiteStatus EvalReference(TfLiteContext* context, TfLiteNode* node) {
  const OpData& op = *static_cast<const OpData*>(node->user_data);
  RowPrunedDepthwiseReference(
      op.weights, op.dims, op.params, EvalInput<int8_t>(context, node, kInput),
      EvalInput<int32_t>(context, node, kBias), EvalOutput<int8_t>(context, node, kOutput));
  return kTfLiteOk;
}

TfLiteStatus EvalM7(TfLiteContext* context, TfLiteNode* node) {
  const OpData& op = *static_cast<const OpData*>(node->user_data);
  RowPrunedDepthwiseM7(op.weights, op.dims, op.params, op.narrow,
                       EvalInput<int8_t>(context, node, kInput),
                       EvalInput<int32_t>(context, node, kBias),
                       EvalOutput<int8_t>(context, node, kOutput), GetScratch(context, op.scratch));
  return kTfLiteOk;
}

}  // namespace

Registration* Register_SPARSE_DEPTHWISE_CONV_2D_REFERENCE() {
  static Registration registration = MakeRegistration(Init, PrepareCommon, EvalReference);
  return &registration;
}

Registration* Register_SPARSE_DEPTHWISE_CONV_2D_M7() {
  static Registration registration = MakeRegistration(Init, PrepareM7, EvalM7);
  return &registration;
}

Registration* Register_SPARSE_DEPTHWISE_CONV_2D() {
  return KWS_KERNELS_M7 ? Register_SPARSE_DEPTHWISE_CONV_2D_M7()
                        : Register_SPARSE_DEPTHWISE_CONV_2D_REFERENCE();
}

}  // namespace kws
