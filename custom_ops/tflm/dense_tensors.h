// What the glue of the dense operators shares: checks of tensors and requantisation constants.
#ifndef CUSTOM_OPS_TFLM_DENSE_TENSORS_H_
#define CUSTOM_OPS_TFLM_DENSE_TENSORS_H_

#include "custom_ops/kernels/channel_scales.h"
#include "custom_ops/kernels/conv2d.h"
#include "custom_ops/kernels/conv_types.h"
#include "custom_ops/tflm/compat.h"
#include "tensorflow/lite/c/builtin_op_data.h"

namespace kws {

// Reports why `op_name` refuses its node; kTfLiteError.
TfLiteStatus RefuseNode(TfLiteContext* context, const char* op_name, const char* reason);

// The tensors of an operator with input, filter and optional bias (nullptr when absent).
struct DenseTensors {
  PrepareTensor input, filter, bias, output;
};

// Finds them and checks that input, filter and output are quantised int8 and bias int32.
TfLiteStatus ReadDenseTensors(TfLiteContext* context, const TfLiteNode* node, const char* op_name,
                              DenseTensors* tensors);

// AllocatePersistent while `tensors` are lent; nullptr, and TFLM's message, when they do not fit
// side by side. Today's TFLM lends from the free middle of the arena and does not look there when
// it allocates: in a nearly full arena the memory would lie on the tensors.
void* AllocateBeside(TfLiteContext* context, const DenseTensors& tensors, size_t bytes);

// int8 with quantisation and `rank` dimensions of at least 1 that together stay within 2^28.
bool IsQuantizedInt8(const TfLiteTensor* tensor, int rank);

// One int32 an output channel, or absent.
bool IsBiasOf(const TfLiteTensor* bias, int32_t out_channels);

// The values of a constant bias; nullptr when it is absent or only known in Eval.
const int32_t* ConstantBias(const TfLiteTensor* bias);

// What CONV_2D, DEPTHWISE_CONV_2D and the pools say about their windows.
struct WindowOptions {
  TfLitePadding padding;
  int32_t stride_h, stride_w, dilation_h, dilation_w;
  FilterDims filter;
  TfLiteFusedActivation activation;
};

// Shapes of an NHWC operator, padding, clamp and zero points, as TFLite derives them. Refuses an
// output shape that does not follow from the input.
TfLiteStatus ReadWindow(TfLiteContext* context, const char* op_name, const TfLiteTensor* input,
                        TfLiteTensor* output, const WindowOptions& options, ConvDims* dims,
                        ConvParams* params);

// TFLite's QuantizeMultiplier: scale = multiplier * 2^(shift - 31). False, and
// both 0, when `scale` is negative, not a number or too large for the kernels.
bool QuantizeScale(double scale, int32_t* multiplier, int32_t* shift);

// Multipliers and shifts of all output channels, as TFLite's QuantizeMultiplier gives them for
// input scale * filter scale / output scale. Kept where TFLM already holds the filter's
// quantisation in the arena when that is possible, else in persistent memory.
TfLiteStatus PrepareChannelScales(TfLiteContext* context, const char* op_name,
                                  const DenseTensors& tensors, int32_t out_channels,
                                  ChannelScales* scales);

// Eval time: the values of an optional input, or nullptr.
template <typename T>
const T* EvalOptionalInput(TfLiteContext* context, const TfLiteNode* node, int i) {
  if (i >= node->inputs->size || node->inputs->data[i] < 0) return nullptr;
  return EvalInput<T>(context, node, i);
}

}  // namespace kws

#endif  // CUSTOM_OPS_TFLM_DENSE_TENSORS_H_
