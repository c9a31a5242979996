#include "custom_ops/tflm/cmsis_nn/arguments.h"

namespace kws::cmsis {

TfLiteStatus RequestWorkspace(TfLiteContext* context, const char* op_name, int32_t bytes,
                              Workspace* workspace) {
  if (bytes < 0) return RefuseNode(context, op_name, "CMSIS-NN cannot take this shape");
  workspace->bytes = bytes;
  if (RequestScratch(context, static_cast<size_t>(bytes), &workspace->scratch) != kTfLiteOk) {
    return RefuseNode(context, op_name, "arena too small for the scratch buffer");
  }
  return kTfLiteOk;
}

TfLiteStatus PrepareChannelArrays(TfLiteContext* context, const char* op_name,
                                  const DenseTensors& tensors, int32_t out_channels,
                                  cmsis_nn_per_channel_quant_params* arrays) {
  const auto* affine =
      static_cast<const TfLiteAffineQuantization*>(tensors.filter->quantization.params);
  if (affine == nullptr || affine->scale == nullptr ||
      (affine->scale->size != 1 && affine->scale->size != out_channels)) {
    return RefuseNode(context, op_name, "the filter needs one scale, or one an output channel");
  }
  const size_t bytes = static_cast<size_t>(out_channels) * 2 * sizeof(int32_t);
  arrays->multiplier = static_cast<int32_t*>(AllocateBeside(context, tensors, bytes));
  if (arrays->multiplier == nullptr) {
    return RefuseNode(context, op_name, "arena too small for the channel multipliers");
  }
  arrays->shift = arrays->multiplier + out_channels;
  for (int32_t i = 0; i < out_channels; ++i) {
    const float filter_scale = affine->scale->data[affine->scale->size == 1 ? 0 : i];
    const double product =
        static_cast<double>(tensors.input->params.scale) * static_cast<double>(filter_scale);
    if (!QuantizeScale(product / static_cast<double>(tensors.output->params.scale),
                       &arrays->multiplier[i], &arrays->shift[i])) {
      return RefuseNode(context, op_name, "scales are out of range");
    }
  }
  return kTfLiteOk;
}

TfLiteStatus CheckStatus(TfLiteContext* context, const char* op_name, arm_cmsis_nn_status status) {
  if (status == ARM_CMSIS_NN_SUCCESS) return kTfLiteOk;
  return RefuseNode(context, op_name, "CMSIS-NN refused the arguments");
}

}  // namespace kws::cmsis
