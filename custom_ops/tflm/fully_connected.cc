#include "custom_ops/kernels/fully_connected.h"

#include "custom_ops/tflm/builtin_kernels.h"
#include "custom_ops/tflm/dense_tensors.h"
#include "tensorflow/lite/kernels/kernel_util.h"

namespace kws {
namespace {

constexpr char kName[] = "FULLY_CONNECTED";

struct OpData {
  FullyConnectedDims dims;
  FullyConnectedParams params;
};

void* Init(TfLiteContext* context, const char*, size_t) {
  return AllocatePersistent(context, sizeof(OpData));
}

// The input is flattened: whatever its shape, `depth` consecutive values make one batch.
TfLiteStatus Prepare(TfLiteContext* context, TfLiteNode* node) {
  DenseTensors tensors;
  TF_LITE_ENSURE_STATUS(ReadDenseTensors(context, node, kName, &tensors));
  if (tensors.filter->dims->size != 2) {
    return RefuseNode(context, kName, "the filter must have 2 dimensions");
  }
  const auto* affine =
      static_cast<const TfLiteAffineQuantization*>(tensors.filter->quantization.params);
  if (affine == nullptr || affine->scale == nullptr || affine->scale->size != 1) {
    return RefuseNode(context, kName,
                      "the filter must have one scale; convert the model per tensor");
  }
  OpData& op = *static_cast<OpData*>(node->user_data);
  const auto& options = *static_cast<const TfLiteFullyConnectedParams*>(node->builtin_data);
  const int* filter = tensors.filter->dims->data;
  const size_t units = static_cast<size_t>(filter[0]);
  const size_t depth = static_cast<size_t>(filter[1]);
  const size_t batches = tensors.input->bytes / depth;
  if (tensors.input->bytes % depth != 0 || tensors.output->bytes != batches * units ||
      !IsBiasOf(tensors.bias, filter[0])) {
    return RefuseNode(context, kName, "sizes of input, filter, bias and output do not agree");
  }
  op.dims = {static_cast<int32_t>(batches), filter[1], filter[0]};
  op.params.input_zero_point = tensors.input->params.zero_point;
  op.params.filter_zero_point = tensors.filter->params.zero_point;
  op.params.output.zero_point = tensors.output->params.zero_point;
  double multiplier = 0.0;
  TF_LITE_ENSURE_STATUS(tflite::GetQuantizedConvolutionMultipler(
      context, tensors.input, tensors.filter, tensors.bias, tensors.output, &multiplier));
  if (!QuantizeScale(multiplier, &op.params.multiplier, &op.params.shift)) {
    return RefuseNode(context, kName, "scales are out of range");
  }
  return tflite::CalculateActivationRangeQuantized(context, options.activation, tensors.output,
                                                   &op.params.output.min, &op.params.output.max);
}

TfLiteStatus Eval(TfLiteContext* context, TfLiteNode* node) {
  const OpData& op = *static_cast<const OpData*>(node->user_data);
  FullyConnectedM7(
      op.dims, op.params, EvalInput<int8_t>(context, node, 0), EvalInput<int8_t>(context, node, 1),
      EvalOptionalInput<int32_t>(context, node, 2), EvalOutput<int8_t>(context, node, 0));
  return kTfLiteOk;
}

}  // namespace

Registration* Register_FULLY_CONNECTED_M7() {
  static Registration registration = MakeRegistration(Init, Prepare, Eval);
  return &registration;
}

}  // namespace kws
