#include "custom_ops/tflm/builtin_kernels.h"
#include "custom_ops/tflm/cmsis_nn/arguments.h"

namespace kws {
namespace {

constexpr char kName[] = "FULLY_CONNECTED";

struct OpData {
  FullyConnectedDims dims;
  FullyConnectedParams params;
};

cmsis_nn_dims Filter(const FullyConnectedDims& d) { return {d.depth, 1, 1, d.units}; }

void* Init(TfLiteContext* context, const char*, size_t) {
  return AllocatePersistent(context, sizeof(OpData));
}

TfLiteStatus Prepare(TfLiteContext* context, TfLiteNode* node) {
  OpData op = {};
  TF_LITE_ENSURE_STATUS(ReadFullyConnected(context, node, &op.dims, &op.params));
  const cmsis_nn_dims filter = Filter(op.dims);
  // Cores with MVE keep sums of the filter there, which are filled in before the call; not here.
  if (arm_fully_connected_s8_get_buffer_size(&filter) != 0) {
    return RefuseNode(context, kName, "the linked CMSIS-NN is not built for the Cortex-M7");
  }
  *static_cast<OpData*>(node->user_data) = op;
  return kTfLiteOk;
}

TfLiteStatus Eval(TfLiteContext* context, TfLiteNode* node) {
  const OpData& op = *static_cast<const OpData*>(node->user_data);
  const FullyConnectedParams& p = op.params;
  const cmsis_nn_context no_workspace = {nullptr, 0};
  const cmsis_nn_fc_params params = {cmsis::InputOffset(p.input_zero_point),
                                     cmsis::InputOffset(p.filter_zero_point),
                                     p.output.zero_point,
                                     {p.output.min, p.output.max}};
  const cmsis_nn_per_tensor_quant_params quantization = {p.multiplier, p.shift};
  const cmsis_nn_dims input = {op.dims.batches, 1, 1, op.dims.depth}, filter = Filter(op.dims),
                      bias = cmsis::BiasDims(op.dims.units),
                      output = {op.dims.batches, 1, 1, op.dims.units};
  return cmsis::CheckStatus(context, kName,
                            arm_fully_connected_s8(&no_workspace, &params, &quantization, &input,
                                                   EvalInput<int8_t>(context, node, 0), &filter,
                                                   EvalInput<int8_t>(context, node, 1), &bias,
                                                   EvalOptionalInput<int32_t>(context, node, 2),
                                                   &output, EvalOutput<int8_t>(context, node, 0)));
}

}  // namespace

Registration* Register_FULLY_CONNECTED_CMSIS_NN() {
  static Registration registration = MakeRegistration(Init, Prepare, Eval);
  return &registration;
}

}  // namespace kws
