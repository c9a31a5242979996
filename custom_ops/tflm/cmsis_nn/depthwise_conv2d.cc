#include "custom_ops/tflm/builtin_kernels.h"
#include "custom_ops/tflm/cmsis_nn/arguments.h"

namespace kws {
namespace {

constexpr char kName[] = "DEPTHWISE_CONV_2D";

struct OpData {
  WindowGeometry geometry;
  cmsis_nn_per_channel_quant_params quantization;
  cmsis::Workspace workspace;
};

cmsis_nn_dw_conv_params Params(const WindowGeometry& g) {
  const ConvParams& p = g.params;
  return {cmsis::InputOffset(p.input_zero_point),
          p.output_zero_point,
          g.dims.out_channels / g.dims.in_channels,
          cmsis::Stride(p),
          cmsis::Padding(p),
          cmsis::Dilation(p),
          cmsis::Activation(p)};
}

cmsis_nn_dims Filter(const WindowGeometry& g) {
  return {1, g.filter.h, g.filter.w, g.dims.out_channels};
}

void* Init(TfLiteContext* context, const char*, size_t) {
  return AllocatePersistent(context, sizeof(OpData));
}

TfLiteStatus Prepare(TfLiteContext* context, TfLiteNode* node) {
  OpData op = {};
  DenseTensors tensors;
  TF_LITE_ENSURE_STATUS(ReadDepthwiseConv2d(context, node, &tensors, &op.geometry));
  const ConvDims& dims = op.geometry.dims;
  TF_LITE_ENSURE_STATUS(
      cmsis::PrepareChannelArrays(context, kName, tensors, dims.out_channels, &op.quantization));
  const cmsis_nn_dw_conv_params params = Params(op.geometry);
  const cmsis_nn_dims input = cmsis::InputDims(dims), filter = Filter(op.geometry),
                      output = cmsis::OutputDims(dims);
  const int32_t bytes =
      arm_depthwise_conv_wrapper_s8_get_buffer_size(&params, &input, &filter, &output);
  TF_LITE_ENSURE_STATUS(cmsis::RequestWorkspace(context, kName, bytes, &op.workspace));
  *static_cast<OpData*>(node->user_data) = op;
  return kTfLiteOk;
}

TfLiteStatus Eval(TfLiteContext* context, TfLiteNode* node) {
  const OpData& op = *static_cast<const OpData*>(node->user_data);
  const ConvDims& dims = op.geometry.dims;
  const cmsis_nn_context workspace = cmsis::GetWorkspace(context, op.workspace);
  const cmsis_nn_dw_conv_params params = Params(op.geometry);
  const cmsis_nn_dims input = cmsis::InputDims(dims), filter = Filter(op.geometry),
                      bias = cmsis::BiasDims(dims.out_channels), output = cmsis::OutputDims(dims);
  return cmsis::CheckStatus(
      context, kName,
      arm_depthwise_conv_wrapper_s8(&workspace, &params, &op.quantization, &input,
                                    EvalInput<int8_t>(context, node, 0), &filter,
                                    EvalInput<int8_t>(context, node, 1), &bias,
                                    EvalOptionalInput<int32_t>(context, node, 2), &output,
                                    EvalOutput<int8_t>(context, node, 0)));
}

}  // namespace

Registration* Register_DEPTHWISE_CONV_2D_CMSIS_NN() {
  static Registration registration = MakeRegistration(Init, Prepare, Eval);
  return &registration;
}

}  // namespace kws
