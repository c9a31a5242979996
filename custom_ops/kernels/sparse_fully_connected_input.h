// First step of the sparse FULLY_CONNECTED kernels: the int8 input as int16, zero point subtracted.
#ifndef CUSTOM_OPS_KERNELS_SPARSE_FULLY_CONNECTED_INPUT_H_
#define CUSTOM_OPS_KERNELS_SPARSE_FULLY_CONNECTED_INPUT_H_

#include <cstdint>

namespace kws {

// Two words for each four values: values (0, 2) and (1, 3), as SXTB16 splits four weights. Values
// beyond `depth` up to `padded`, a multiple of four, are zero.
void ExpandToQuads(const int8_t* input, int32_t depth, int32_t zero_point, int32_t padded,
                   uint32_t* words);

// In their order, two a word; zero up to `padded` rounded up to a multiple of four.
void ExpandInOrder(const int8_t* input, int32_t depth, int32_t zero_point, int32_t padded,
                   uint32_t* words);

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_SPARSE_FULLY_CONNECTED_INPUT_H_
