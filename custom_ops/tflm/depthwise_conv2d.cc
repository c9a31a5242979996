#include "custom_ops/kernels/depthwise_conv2d.h"

#include "custom_ops/tflm/builtin_kernels.h"
#include "custom_ops/tflm/dense_tensors.h"

namespace kws {
namespace {

constexpr char kName[] = "DEPTHWISE_CONV_2D";

struct OpData {
  ConvDims dims;
  FilterDims filter;
  ConvParams params;
  ChannelScales scales;
  Scratch scratch;
};

void* Init(TfLiteContext* context, const char*, size_t) {
  return AllocatePersistent(context, sizeof(OpData));
}

TfLiteStatus Prepare(TfLiteContext* context, TfLiteNode* node) {
  DenseTensors tensors;
  TF_LITE_ENSURE_STATUS(ReadDenseTensors(context, node, kName, &tensors));
  if (tensors.filter->dims->size != 4) {
    return RefuseNode(context, kName, "the filter must have 4 dimensions");
  }
  OpData& op = *static_cast<OpData*>(node->user_data);
  const auto& options = *static_cast<const TfLiteDepthwiseConvParams*>(node->builtin_data);
  const int* filter = tensors.filter->dims->data;
  op.filter = {filter[1], filter[2]};
  const WindowOptions window = {options.padding,
                                options.stride_height,
                                options.stride_width,
                                options.dilation_height_factor,
                                options.dilation_width_factor,
                                op.filter,
                                options.activation};
  TF_LITE_ENSURE_STATUS(
      ReadWindow(context, kName, tensors.input, tensors.output, window, &op.dims, &op.params));
  if (filter[0] != 1 || filter[3] != op.dims.out_channels ||
      op.dims.out_channels % op.dims.in_channels != 0 ||
      !IsBiasOf(tensors.bias, op.dims.out_channels)) {
    return RefuseNode(context, kName, "channels of input, filter, bias and output do not agree");
  }
  TF_LITE_ENSURE_STATUS(
      PrepareChannelScales(context, kName, tensors, op.dims.out_channels, &op.scales));
  const int32_t* bias = ConstantBias(tensors.bias);
  op.scales.narrow =
      (bias != nullptr || tensors.bias == nullptr) &&
      ConvIsNarrow(int64_t{filter[1]} * filter[2], op.scales, bias, op.dims.out_channels);
  const size_t bytes = DepthwiseConv2dM7ScratchBytes(op.dims, op.filter, op.params);
  if (RequestScratch(context, bytes, &op.scratch) != kTfLiteOk) {
    return RefuseNode(context, kName, "arena too small for the scratch buffer");
  }
  return kTfLiteOk;
}

TfLiteStatus Eval(TfLiteContext* context, TfLiteNode* node) {
  const OpData& op = *static_cast<const OpData*>(node->user_data);
  DepthwiseConv2dM7(op.dims, op.filter, op.params, op.scales, EvalInput<int8_t>(context, node, 0),
                    EvalInput<int8_t>(context, node, 1),
                    EvalOptionalInput<int32_t>(context, node, 2),
                    EvalOutput<int8_t>(context, node, 0), GetScratch(context, op.scratch));
  return kTfLiteOk;
}

}  // namespace

Registration* Register_DEPTHWISE_CONV_2D_M7() {
  static Registration registration = MakeRegistration(Init, Prepare, Eval);
  return &registration;
}

}  // namespace kws
