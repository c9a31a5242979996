// The depthwise kernels behind C structs, so that the same call runs from ctypes on the host and by
// hand on an emulated Cortex-M7.
#ifndef CUSTOM_OPS_TESTS_DEPTHWISE_C_API_H_
#define CUSTOM_OPS_TESTS_DEPTHWISE_C_API_H_

#include <cstdint>

extern "C" {

// Pointers, then int32: the same layout on both machines but for the width of the pointers.
struct KwsDepthwiseCall {
  const int8_t* input;         // NHWC
  const int8_t* filter;        // [kernel_h, kernel_w, out_channels]; KWSD buffer for the sparse one
  const int32_t* bias;         // [out_channels]
  const int32_t* multipliers;  // [out_channels]; the sparse one has its own
  const int32_t* shift_keys;   // shifts * 2^23
  int8_t* output;              // NHWC
  uint8_t* scratch;            // 4-byte aligned
  int32_t filter_bytes, output_bytes, scratch_bytes;
  int32_t batches, in_h, in_w, in_channels, out_h, out_w, out_channels;
  int32_t kernel_h, kernel_w;
  int32_t stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
  int32_t input_zero_point, output_zero_point, activation_min, activation_max;
  int32_t kernel;  // 0: M7, 1: reference (sparse only)
  // Take the general requantisation. The sparse one does without the short one anyway where that is
  // not allowed; for the dense one the caller has to know (ConvIsNarrow).
  int32_t forbid_narrow;
};

// Dense. 0 when done, -1 when the scratch is too small.
int32_t kws_depthwise(const KwsDepthwiseCall* call);

// From a KWSD buffer. 0 when done, a FormatError, or -1 when geometry, output size or scratch size
// do not fit.
int32_t kws_row_pruned(const KwsDepthwiseCall* call);

// FormatError of a KWSD buffer; 0 when valid.
int32_t kws_row_pruned_validate(const uint8_t* packed, uint32_t packed_bytes);
}

#endif  // CUSTOM_OPS_TESTS_DEPTHWISE_C_API_H_
