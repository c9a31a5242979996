// From the glue's own types to CMSIS-NN's public ones.
#ifndef CUSTOM_OPS_TFLM_CMSIS_NN_ARGUMENTS_H_
#define CUSTOM_OPS_TFLM_CMSIS_NN_ARGUMENTS_H_

#include "arm_nnfunctions.h"
#include "custom_ops/tflm/dense_nodes.h"

namespace kws::cmsis {

inline cmsis_nn_dims InputDims(const ConvDims& d) {
  return {d.batches, d.in_h, d.in_w, d.in_channels};
}

inline cmsis_nn_dims OutputDims(const ConvDims& d) {
  return {d.batches, d.out_h, d.out_w, d.out_channels};
}

inline cmsis_nn_dims BiasDims(int32_t channels) { return {1, 1, 1, channels}; }

// CMSIS-NN adds offsets where TFLite subtracts zero points; to the output both add.
inline int32_t InputOffset(int32_t zero_point) { return -zero_point; }

inline cmsis_nn_tile Stride(const ConvParams& p) { return {p.stride_w, p.stride_h}; }
inline cmsis_nn_tile Padding(const ConvParams& p) { return {p.pad_left, p.pad_top}; }
inline cmsis_nn_tile Dilation(const ConvParams& p) { return {p.dilation_w, p.dilation_h}; }
inline cmsis_nn_activation Activation(const ConvParams& p) {
  return {p.activation_min, p.activation_max};
}

// The scratch that one of CMSIS-NN's size queries asked for.
struct Workspace {
  Scratch scratch;
  int32_t bytes;
};

// In Prepare: refuses the node when the arena is full.
TfLiteStatus RequestWorkspace(TfLiteContext* context, const char* op_name, int32_t bytes,
                              Workspace* workspace);

// In Eval.
inline cmsis_nn_context GetWorkspace(TfLiteContext* context, const Workspace& workspace) {
  return {GetScratch(context, workspace.scratch), workspace.bytes};
}

// In Prepare: one multiplier and shift an output channel, also for filters with one scale, in
// persistent memory: CMSIS-NN wants two plain arrays.
TfLiteStatus PrepareChannelArrays(TfLiteContext* context, const char* op_name,
                                  const DenseTensors& tensors, int32_t out_channels,
                                  cmsis_nn_per_channel_quant_params* arrays);

// In Eval.
TfLiteStatus CheckStatus(TfLiteContext* context, const char* op_name, arm_cmsis_nn_status status);

}  // namespace kws::cmsis

#endif  // CUSTOM_OPS_TFLM_CMSIS_NN_ARGUMENTS_H_
