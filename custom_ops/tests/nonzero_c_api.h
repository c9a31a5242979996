// The readers of all encodings, and the kernels of index list and N:M, behind the C struct of
// c_api.h: for ctypes on the host and for an emulated Cortex-M7.
#ifndef CUSTOM_OPS_TESTS_NONZERO_C_API_H_
#define CUSTOM_OPS_TESTS_NONZERO_C_API_H_

#include "custom_ops/tests/c_api.h"

extern "C" {

// FormatError of a packed buffer of any encoding, by the reader of its encoding; 0 when valid.
int32_t kws_nonzero_validate(const uint8_t* packed, uint32_t packed_bytes);
const char* kws_nonzero_error_text(int32_t error);
}

#endif  // CUSTOM_OPS_TESTS_NONZERO_C_API_H_
