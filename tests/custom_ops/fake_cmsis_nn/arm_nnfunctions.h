// A stand-in for CMSIS-NN: the part of its public interface that the glue uses, by its documented
// names, fields and order. Behind it are this project's M7 kernels (fake.cc).
#pragma once

#include <cstdint>

extern "C" {

enum arm_cmsis_nn_status { ARM_CMSIS_NN_SUCCESS = 0, ARM_CMSIS_NN_ARG_ERROR = -1 };

struct cmsis_nn_context {
  void* buf;
  int32_t size;
};

struct cmsis_nn_dims {
  int32_t n, h, w, c;
};

struct cmsis_nn_tile {
  int32_t w, h;
};

struct cmsis_nn_activation {
  int32_t min, max;
};

struct cmsis_nn_per_channel_quant_params {
  int32_t* multiplier;
  int32_t* shift;
};

struct cmsis_nn_per_tensor_quant_params {
  int32_t multiplier, shift;
};

struct cmsis_nn_conv_params {
  int32_t input_offset, output_offset;
  cmsis_nn_tile stride, padding, dilation;
  cmsis_nn_activation activation;
};

struct cmsis_nn_dw_conv_params {
  int32_t input_offset, output_offset, ch_mult;
  cmsis_nn_tile stride, padding, dilation;
  cmsis_nn_activation activation;
};

struct cmsis_nn_pool_params {
  cmsis_nn_tile stride, padding;
  cmsis_nn_activation activation;
};

struct cmsis_nn_fc_params {
  int32_t input_offset, filter_offset, output_offset;
  cmsis_nn_activation activation;
};

int32_t arm_convolve_wrapper_s8_get_buffer_size(const cmsis_nn_conv_params* params,
                                                const cmsis_nn_dims* input,
                                                const cmsis_nn_dims* filter,
                                                const cmsis_nn_dims* output);
arm_cmsis_nn_status arm_convolve_wrapper_s8(const cmsis_nn_context* context,
                                            const cmsis_nn_conv_params* params,
                                            const cmsis_nn_per_channel_quant_params* quantization,
                                            const cmsis_nn_dims* input_dims, const int8_t* input,
                                            const cmsis_nn_dims* filter_dims, const int8_t* filter,
                                            const cmsis_nn_dims* bias_dims, const int32_t* bias,
                                            const cmsis_nn_dims* output_dims, int8_t* output);

int32_t arm_depthwise_conv_wrapper_s8_get_buffer_size(const cmsis_nn_dw_conv_params* params,
                                                      const cmsis_nn_dims* input,
                                                      const cmsis_nn_dims* filter,
                                                      const cmsis_nn_dims* output);
arm_cmsis_nn_status arm_depthwise_conv_wrapper_s8(
    const cmsis_nn_context* context, const cmsis_nn_dw_conv_params* params,
    const cmsis_nn_per_channel_quant_params* quantization, const cmsis_nn_dims* input_dims,
    const int8_t* input, const cmsis_nn_dims* filter_dims, const int8_t* filter,
    const cmsis_nn_dims* bias_dims, const int32_t* bias, const cmsis_nn_dims* output_dims,
    int8_t* output);

int32_t arm_fully_connected_s8_get_buffer_size(const cmsis_nn_dims* filter);
arm_cmsis_nn_status arm_fully_connected_s8(const cmsis_nn_context* context,
                                           const cmsis_nn_fc_params* params,
                                           const cmsis_nn_per_tensor_quant_params* quantization,
                                           const cmsis_nn_dims* input_dims, const int8_t* input,
                                           const cmsis_nn_dims* filter_dims, const int8_t* filter,
                                           const cmsis_nn_dims* bias_dims, const int32_t* bias,
                                           const cmsis_nn_dims* output_dims, int8_t* output);

arm_cmsis_nn_status arm_elementwise_add_s8(const int8_t* a, const int8_t* b, int32_t a_offset,
                                           int32_t a_multiplier, int32_t a_shift, int32_t b_offset,
                                           int32_t b_multiplier, int32_t b_shift,
                                           int32_t left_shift, int8_t* output,
                                           int32_t output_offset, int32_t output_multiplier,
                                           int32_t output_shift, int32_t activation_min,
                                           int32_t activation_max, int32_t block_size);

int32_t arm_avgpool_s8_get_buffer_size(int output_width, int channels);
arm_cmsis_nn_status arm_avgpool_s8(const cmsis_nn_context* context,
                                   const cmsis_nn_pool_params* params,
                                   const cmsis_nn_dims* input_dims, const int8_t* input,
                                   const cmsis_nn_dims* filter_dims,
                                   const cmsis_nn_dims* output_dims, int8_t* output);

void arm_softmax_s8(const int8_t* input, int32_t rows, int32_t row_size, int32_t multiplier,
                    int32_t shift, int32_t least_difference, int8_t* output);
}
