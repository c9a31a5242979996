#include "custom_ops/tflm/builtin_kernels.h"
#include "custom_ops/tflm/cmsis_nn/arguments.h"

namespace kws {
namespace {

constexpr char kName[] = "AVERAGE_POOL_2D";

struct OpData {
  WindowGeometry geometry;
  cmsis::Workspace workspace;
};

void* Init(TfLiteContext* context, const char*, size_t) {
  return AllocatePersistent(context, sizeof(OpData));
}

TfLiteStatus Prepare(TfLiteContext* context, TfLiteNode* node) {
  OpData op = {};
  TF_LITE_ENSURE_STATUS(ReadAveragePool(context, node, &op.geometry));
  const ConvDims& dims = op.geometry.dims;
  const int32_t bytes = arm_avgpool_s8_get_buffer_size(dims.out_w, dims.in_channels);
  TF_LITE_ENSURE_STATUS(cmsis::RequestWorkspace(context, kName, bytes, &op.workspace));
  *static_cast<OpData*>(node->user_data) = op;
  return kTfLiteOk;
}

TfLiteStatus Eval(TfLiteContext* context, TfLiteNode* node) {
  const OpData& op = *static_cast<const OpData*>(node->user_data);
  const WindowGeometry& g = op.geometry;
  const cmsis_nn_context workspace = cmsis::GetWorkspace(context, op.workspace);
  const cmsis_nn_pool_params params = {cmsis::Stride(g.params), cmsis::Padding(g.params),
                                       cmsis::Activation(g.params)};
  const cmsis_nn_dims input = cmsis::InputDims(g.dims), filter = {1, g.filter.h, g.filter.w, 1},
                      output = cmsis::OutputDims(g.dims);
  return cmsis::CheckStatus(
      context, kName,
      arm_avgpool_s8(&workspace, &params, &input, EvalInput<int8_t>(context, node, 0), &filter,
                     &output, EvalOutput<int8_t>(context, node, 0)));
}

}  // namespace

Registration* Register_AVERAGE_POOL_2D_CMSIS_NN() {
  static Registration registration = MakeRegistration(Init, Prepare, Eval);
  return &registration;
}

}  // namespace kws
