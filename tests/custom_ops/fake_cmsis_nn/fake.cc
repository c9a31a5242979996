// CMSIS-NN's functions over this project's kernels. Each checks what its documentation promises the
// caller will give: dimensions that agree with each other, a buffer of the size asked for.
#include "arm_nnfunctions.h"
#include "custom_ops/kernels/add.h"
#include "custom_ops/kernels/average_pool.h"
#include "custom_ops/kernels/conv2d.h"
#include "custom_ops/kernels/depthwise_conv2d.h"
#include "custom_ops/kernels/fully_connected.h"
#include "custom_ops/kernels/softmax.h"

namespace {

constexpr int32_t kMaxChannels = 512;
constexpr int32_t kGuard = 7;  // asked for on top, so that sizes are not the M7 kernels' by chance
int32_t shift_keys[kMaxChannels];
int32_t exponentials[kws::kMaxSoftmaxDepth];
int32_t expanded_input[4096];

kws::ConvDims Dims(const cmsis_nn_dims& in, const cmsis_nn_dims& out) {
  return {in.n, in.h, in.w, in.c, out.h, out.w, out.c};
}

template <typename Params>
kws::ConvParams WindowParams(const Params& p) {
  kws::ConvParams params = {};
  params.stride_h = p.stride.h;
  params.stride_w = p.stride.w;
  params.dilation_h = params.dilation_w = 1;
  params.pad_top = p.padding.h;
  params.pad_left = p.padding.w;
  params.activation_min = p.activation.min;
  params.activation_max = p.activation.max;
  return params;
}

template <typename Params>
kws::ConvParams ConvolutionParams(const Params& p) {
  kws::ConvParams params = WindowParams(p);
  params.dilation_h = p.dilation.h;
  params.dilation_w = p.dilation.w;
  params.input_zero_point = -p.input_offset;
  params.output_zero_point = p.output_offset;
  return params;
}

bool Scales(const cmsis_nn_per_channel_quant_params& q, int32_t channels,
            kws::ChannelScales* scales) {
  if (channels > kMaxChannels) return false;
  for (int32_t i = 0; i < channels; ++i) {
    shift_keys[i] = q.shift[i] * (1 << kws::ChannelScales::kKeyBits);
  }
  *scales = {q.multiplier, shift_keys, 0, 1, false};
  return true;
}

bool HasBuffer(const cmsis_nn_context& context, int32_t bytes) {
  return context.buf != nullptr && context.size == bytes;
}

}  // namespace

int32_t arm_convolve_wrapper_s8_get_buffer_size(const cmsis_nn_conv_params*,
                                                const cmsis_nn_dims* in, const cmsis_nn_dims* f,
                                                const cmsis_nn_dims* out) {
  return static_cast<int32_t>(kws::Conv2dM7ScratchBytes(Dims(*in, *out), {f->h, f->w})) + kGuard;
}

arm_cmsis_nn_status arm_convolve_wrapper_s8(const cmsis_nn_context* context,
                                            const cmsis_nn_conv_params* params,
                                            const cmsis_nn_per_channel_quant_params* quantization,
                                            const cmsis_nn_dims* in, const int8_t* input,
                                            const cmsis_nn_dims* f, const int8_t* filter,
                                            const cmsis_nn_dims* b, const int32_t* bias,
                                            const cmsis_nn_dims* out, int8_t* output) {
  kws::ChannelScales scales;
  const int32_t bytes = arm_convolve_wrapper_s8_get_buffer_size(params, in, f, out);
  if (!HasBuffer(*context, bytes) || f->n != out->c || f->c != in->c || b->c != out->c ||
      in->n != out->n || !Scales(*quantization, out->c, &scales)) {
    return ARM_CMSIS_NN_ARG_ERROR;
  }
  kws::Conv2dM7(Dims(*in, *out), {f->h, f->w}, ConvolutionParams(*params), scales, input, filter,
                bias, output, context->buf);
  return ARM_CMSIS_NN_SUCCESS;
}

int32_t arm_depthwise_conv_wrapper_s8_get_buffer_size(const cmsis_nn_dw_conv_params* params,
                                                      const cmsis_nn_dims* in,
                                                      const cmsis_nn_dims* f,
                                                      const cmsis_nn_dims* out) {
  return static_cast<int32_t>(kws::DepthwiseConv2dM7ScratchBytes(Dims(*in, *out), {f->h, f->w},
                                                                 ConvolutionParams(*params))) +
         kGuard;
}

arm_cmsis_nn_status arm_depthwise_conv_wrapper_s8(
    const cmsis_nn_context* context, const cmsis_nn_dw_conv_params* params,
    const cmsis_nn_per_channel_quant_params* quantization, const cmsis_nn_dims* in,
    const int8_t* input, const cmsis_nn_dims* f, const int8_t* filter, const cmsis_nn_dims* b,
    const int32_t* bias, const cmsis_nn_dims* out, int8_t* output) {
  kws::ChannelScales scales;
  const int32_t bytes = arm_depthwise_conv_wrapper_s8_get_buffer_size(params, in, f, out);
  if (!HasBuffer(*context, bytes) || f->n != 1 || f->c != out->c || b->c != out->c ||
      in->c * params->ch_mult != out->c || in->n != out->n ||
      !Scales(*quantization, out->c, &scales)) {
    return ARM_CMSIS_NN_ARG_ERROR;
  }
  kws::DepthwiseConv2dM7(Dims(*in, *out), {f->h, f->w}, ConvolutionParams(*params), scales, input,
                         filter, bias, output, context->buf);
  return ARM_CMSIS_NN_SUCCESS;
}

int32_t arm_fully_connected_s8_get_buffer_size(const cmsis_nn_dims*) { return 0; }

arm_cmsis_nn_status arm_fully_connected_s8(const cmsis_nn_context*,
                                           const cmsis_nn_fc_params* params,
                                           const cmsis_nn_per_tensor_quant_params* quantization,
                                           const cmsis_nn_dims* in, const int8_t* input,
                                           const cmsis_nn_dims* f, const int8_t* filter,
                                           const cmsis_nn_dims* b, const int32_t* bias,
                                           const cmsis_nn_dims* out, int8_t* output) {
  if (f->n != in->h * in->w * in->c || f->c != out->c || b->c != out->c || in->n != out->n) {
    return ARM_CMSIS_NN_ARG_ERROR;
  }
  const kws::FullyConnectedParams p = {
      -params->input_offset,
      -params->filter_offset,
      quantization->multiplier,
      quantization->shift,
      {params->output_offset, params->activation.min, params->activation.max}};
  const kws::FullyConnectedDims dims = {in->n, f->n, f->c};
  if (kws::FullyConnectedM7ScratchBytes(dims) > sizeof(expanded_input)) {
    return ARM_CMSIS_NN_ARG_ERROR;
  }
  kws::FullyConnectedM7(dims, p, input, filter, bias, output, expanded_input);
  return ARM_CMSIS_NN_SUCCESS;
}

arm_cmsis_nn_status arm_elementwise_add_s8(const int8_t* a, const int8_t* b, int32_t a_offset,
                                           int32_t a_multiplier, int32_t a_shift, int32_t b_offset,
                                           int32_t b_multiplier, int32_t b_shift,
                                           int32_t left_shift, int8_t* output,
                                           int32_t output_offset, int32_t output_multiplier,
                                           int32_t output_shift, int32_t activation_min,
                                           int32_t activation_max, int32_t block_size) {
  if (left_shift != 20 || block_size < 1) return ARM_CMSIS_NN_ARG_ERROR;
  const kws::AddParams params = {{-a_offset, a_multiplier, a_shift},
                                 {-b_offset, b_multiplier, b_shift},
                                 output_offset,
                                 output_multiplier,
                                 output_shift,
                                 activation_min,
                                 activation_max};
  const kws::AddDims dims = {{1, 1, 1, block_size}, {0, 0, 0, 1}, {0, 0, 0, 1}};
  if (kws::AddM7ScratchBytes(params, dims) > sizeof(exponentials)) return ARM_CMSIS_NN_ARG_ERROR;
  kws::AddM7(params, dims, a, b, output, exponentials);
  return ARM_CMSIS_NN_SUCCESS;
}

int32_t arm_avgpool_s8_get_buffer_size(int output_width, int channels) {
  return output_width * channels + kGuard;
}

arm_cmsis_nn_status arm_avgpool_s8(const cmsis_nn_context* context,
                                   const cmsis_nn_pool_params* params, const cmsis_nn_dims* in,
                                   const int8_t* input, const cmsis_nn_dims* f,
                                   const cmsis_nn_dims* out, int8_t* output) {
  if (!HasBuffer(*context, arm_avgpool_s8_get_buffer_size(out->w, in->c)) || in->c != out->c) {
    return ARM_CMSIS_NN_ARG_ERROR;
  }
  kws::AveragePoolM7(Dims(*in, *out), {f->h, f->w}, WindowParams(*params), input, output);
  return ARM_CMSIS_NN_SUCCESS;
}

void arm_softmax_s8(const int8_t* input, int32_t rows, int32_t row_size, int32_t multiplier,
                    int32_t shift, int32_t least_difference, int8_t* output) {
  kws::SoftmaxM7({rows, row_size}, {multiplier, shift, least_difference}, input, output,
                 exponentials);
}
