// The separable kernels behind a C struct, as depthwise_c_api.h.
#ifndef CUSTOM_OPS_TESTS_SEPARABLE_C_API_H_
#define CUSTOM_OPS_TESTS_SEPARABLE_C_API_H_

#include <cstdint>

extern "C" {

struct KwsSeparableCall {
  const int8_t* input;       // NHWC
  const uint8_t* depthwise;  // KWSD
  const uint8_t* pointwise;  // KWSP
  const int32_t* depthwise_bias;
  const int32_t* pointwise_bias;
  int8_t* output;    // NHWC
  uint8_t* scratch;  // 4-byte aligned
  int32_t depthwise_bytes, pointwise_bytes, output_bytes, scratch_bytes;
  int32_t batches, in_h, in_w;
  int32_t input_zero_point, output_zero_point;
  int32_t kernel;  // 0: M7, 1: reference
};

// 0 when done, a FormatError, or -1 when weights, output size or scratch size do not fit.
int32_t kws_separable(const KwsSeparableCall* call);
}

#endif  // CUSTOM_OPS_TESTS_SEPARABLE_C_API_H_
