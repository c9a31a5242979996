#include "custom_ops/tflm/dense_nodes.h"

#include "tensorflow/lite/kernels/internal/quantization_util.h"
#include "tensorflow/lite/kernels/kernel_util.h"

namespace kws {
namespace {

constexpr int64_t kMaxTerms = 1 << 20;  // of one output; keeps scratch sizes in 32 bits
constexpr char kConv2d[] = "CONV_2D";
constexpr char kDepthwise[] = "DEPTHWISE_CONV_2D";
constexpr char kFullyConnected[] = "FULLY_CONNECTED";
constexpr char kAveragePool[] = "AVERAGE_POOL_2D";
constexpr char kSoftmax[] = "SOFTMAX";
constexpr char kChannelsDisagree[] = "channels of input, filter, bias and output do not agree";

// CONV_2D and DEPTHWISE_CONV_2D have the same fields under two types.
template <typename Options>
TfLiteStatus ReadFilterWindow(TfLiteContext* context, const TfLiteNode* node, const char* op_name,
                              DenseTensors* tensors, WindowGeometry* geometry) {
  TF_LITE_ENSURE_STATUS(ReadDenseTensors(context, node, op_name, tensors));
  if (tensors->filter->dims->size != 4) {
    return RefuseNode(context, op_name, "the filter must have 4 dimensions");
  }
  const auto& options = *static_cast<const Options*>(node->builtin_data);
  const int* filter = tensors->filter->dims->data;
  geometry->filter = {filter[1], filter[2]};
  const WindowOptions window = {options.padding,
                                options.stride_height,
                                options.stride_width,
                                options.dilation_height_factor,
                                options.dilation_width_factor,
                                geometry->filter,
                                options.activation};
  TF_LITE_ENSURE_STATUS(ReadWindow(context, op_name, tensors->input, tensors->output, window,
                                   &geometry->dims, &geometry->params));
  if (!IsBiasOf(tensors->bias, geometry->dims.out_channels)) {
    return RefuseNode(context, op_name, kChannelsDisagree);
  }
  if (int64_t{filter[1]} * filter[2] * filter[3] > kMaxTerms) {
    return RefuseNode(context, op_name, "the filter is too large");
  }
  return kTfLiteOk;
}

}  // namespace

TfLiteStatus ReadConv2d(TfLiteContext* context, const TfLiteNode* node, DenseTensors* tensors,
                        WindowGeometry* geometry) {
  TF_LITE_ENSURE_STATUS(
      ReadFilterWindow<TfLiteConvParams>(context, node, kConv2d, tensors, geometry));
  const int* filter = tensors->filter->dims->data;
  const ConvDims& dims = geometry->dims;
  if (filter[0] != dims.out_channels || filter[3] != dims.in_channels) {
    return RefuseNode(context, kConv2d, kChannelsDisagree);
  }
  return kTfLiteOk;
}

TfLiteStatus ReadDepthwiseConv2d(TfLiteContext* context, const TfLiteNode* node,
                                 DenseTensors* tensors, WindowGeometry* geometry) {
  TF_LITE_ENSURE_STATUS(
      ReadFilterWindow<TfLiteDepthwiseConvParams>(context, node, kDepthwise, tensors, geometry));
  const int* filter = tensors->filter->dims->data;
  const ConvDims& dims = geometry->dims;
  if (filter[0] != 1 || filter[3] != dims.out_channels ||
      dims.out_channels % dims.in_channels != 0) {
    return RefuseNode(context, kDepthwise, kChannelsDisagree);
  }
  return kTfLiteOk;
}

TfLiteStatus ReadAveragePool(TfLiteContext* context, const TfLiteNode* node,
                             WindowGeometry* geometry) {
  if (node->user_data == nullptr || node->builtin_data == nullptr) {
    return RefuseNode(context, kAveragePool, "options are absent or the arena is too small");
  }
  const PrepareTensor input = TensorAt(context, node->inputs, 0);
  const PrepareTensor output = TensorAt(context, node->outputs, 0);
  if (input == nullptr || output == nullptr) {
    return RefuseNode(context, kAveragePool, "an input or output tensor is missing");
  }
  const auto& options = *static_cast<const TfLitePoolParams*>(node->builtin_data);
  geometry->filter = {options.filter_height, options.filter_width};
  const WindowOptions window = {options.padding,  options.stride_height, options.stride_width, 1, 1,
                                geometry->filter, options.activation};
  TF_LITE_ENSURE_STATUS(
      ReadWindow(context, kAveragePool, input, output, window, &geometry->dims, &geometry->params));
  if (geometry->dims.in_channels != geometry->dims.out_channels) {
    return RefuseNode(context, kAveragePool, "channels of input and output do not agree");
  }
  return kTfLiteOk;
}

TfLiteStatus ReadFullyConnected(TfLiteContext* context, const TfLiteNode* node,
                                FullyConnectedDims* dims, FullyConnectedParams* params) {
  DenseTensors tensors;
  TF_LITE_ENSURE_STATUS(ReadDenseTensors(context, node, kFullyConnected, &tensors));
  if (tensors.filter->dims->size != 2) {
    return RefuseNode(context, kFullyConnected, "the filter must have 2 dimensions");
  }
  const auto* affine =
      static_cast<const TfLiteAffineQuantization*>(tensors.filter->quantization.params);
  if (affine == nullptr || affine->scale == nullptr || affine->scale->size != 1) {
    return RefuseNode(context, kFullyConnected,
                      "the filter must have one scale; convert the model per tensor");
  }
  const auto& options = *static_cast<const TfLiteFullyConnectedParams*>(node->builtin_data);
  const int* filter = tensors.filter->dims->data;
  const size_t units = static_cast<size_t>(filter[0]);
  const size_t depth = static_cast<size_t>(filter[1]);
  const size_t batches = tensors.input->bytes / depth;
  if (tensors.input->bytes % depth != 0 || tensors.output->bytes != batches * units ||
      !IsBiasOf(tensors.bias, filter[0])) {
    return RefuseNode(context, kFullyConnected,
                      "sizes of input, filter, bias and output do not agree");
  }
  *dims = {static_cast<int32_t>(batches), filter[1], filter[0]};
  params->input_zero_point = tensors.input->params.zero_point;
  params->filter_zero_point = tensors.filter->params.zero_point;
  params->output.zero_point = tensors.output->params.zero_point;
  double multiplier = 0.0;
  TF_LITE_ENSURE_STATUS(tflite::GetQuantizedConvolutionMultipler(
      context, tensors.input, tensors.filter, tensors.bias, tensors.output, &multiplier));
  if (!QuantizeScale(multiplier, &params->multiplier, &params->shift)) {
    return RefuseNode(context, kFullyConnected, "scales are out of range");
  }
  return tflite::CalculateActivationRangeQuantized(context, options.activation, tensors.output,
                                                   &params->output.min, &params->output.max);
}

TfLiteStatus ReadSoftmax(TfLiteContext* context, const TfLiteNode* node, SoftmaxDims* dims,
                         SoftmaxParams* params) {
  if (node->user_data == nullptr || node->builtin_data == nullptr) {
    return RefuseNode(context, kSoftmax, "options are absent or the arena is too small");
  }
  const PrepareTensor input = TensorAt(context, node->inputs, 0);
  const PrepareTensor output = TensorAt(context, node->outputs, 0);
  if (input == nullptr || output == nullptr || input->dims == nullptr || input->dims->size < 1 ||
      !IsQuantizedInt8(input, input->dims->size) || output->type != kTfLiteInt8) {
    return RefuseNode(context, kSoftmax, "input and output must be quantised int8");
  }
  constexpr float kOutputScale = 1.0f / 256.0f;
  if (output->params.scale != kOutputScale || output->params.zero_point != -128) {
    return RefuseNode(context, kSoftmax, "the output must have scale 1/256 and zero point -128");
  }
  const int32_t depth = input->dims->data[input->dims->size - 1];
  if (output->bytes != input->bytes || depth > kMaxSoftmaxDepth) {
    return RefuseNode(context, kSoftmax, "sizes differ, or more than 4095 classes");
  }
  *dims = {static_cast<int32_t>(input->bytes) / depth, depth};
  const float beta = static_cast<const TfLiteSoftmaxParams*>(node->builtin_data)->beta;
  const double scale = static_cast<double>(beta) * static_cast<double>(input->params.scale);
  // Less than one step of Q5.26 a unit of input, or not a number: nothing TFLite could scale.
  if (!(scale * (1 << (31 - kSoftmaxIntegerBits)) > 1.0)) {
    return RefuseNode(context, kSoftmax, "input scale out of range");
  }
  int shift = 0;
  tflite::PreprocessSoftmaxScaling(static_cast<double>(beta),
                                   static_cast<double>(input->params.scale), kSoftmaxIntegerBits,
                                   &params->multiplier, &shift);
  params->shift = shift;
  params->least_difference = -tflite::CalculateInputRadius(kSoftmaxIntegerBits, shift);
  return kTfLiteOk;
}

}  // namespace kws
