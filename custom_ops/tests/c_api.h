// The kernels behind one C struct, so that the same call runs from ctypes on the host and by hand
// on an emulated Cortex-M7.
#ifndef CUSTOM_OPS_TESTS_C_API_H_
#define CUSTOM_OPS_TESTS_C_API_H_

#include <cstdint>

extern "C" {

struct KwsConvCall {
  const uint8_t* packed;
  const int8_t* input;  // NHWC
  const int32_t* bias;  // [out_channels]
  int8_t* output;       // NHWC
  uint8_t* scratch;     // 4-byte aligned
  uint32_t packed_bytes;
  uint32_t output_bytes;
  uint32_t scratch_bytes;
  int32_t batches, in_h, in_w;
  int32_t input_zero_point, output_zero_point;
  int32_t use_m7;         // 0: reference
  int32_t forbid_narrow;  // take the general requantisation even where the short one is allowed
};

// FormatError of a packed buffer; 0 when valid.
int32_t kws_validate(const uint8_t* packed, uint32_t packed_bytes);
const char* kws_error_text(int32_t error);
// 0 when done, a FormatError, or -1 when geometry, output size or scratch size do not fit.
int32_t kws_conv(const KwsConvCall* call);
}

#endif  // CUSTOM_OPS_TESTS_C_API_H_
