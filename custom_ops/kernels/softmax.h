// int8 SOFTMAX.
#ifndef CUSTOM_OPS_KERNELS_SOFTMAX_H_
#define CUSTOM_OPS_KERNELS_SOFTMAX_H_

#include <cstddef>
#include <cstdint>

namespace kws {

// Integer bits of a scaled difference, Q5.26, as TFLite chooses them.
inline constexpr int32_t kSoftmaxIntegerBits = 5;
// More classes could overflow the sum of exponentials, Q12.19.
inline constexpr int32_t kMaxSoftmaxDepth = 4095;

struct SoftmaxDims {
  int32_t rows, depth;
};

// (input - largest input) * multiplier * 2^(shift - 31) is the exponent in Q5.26.
struct SoftmaxParams {
  int32_t multiplier;        // Q31
  int32_t shift;             // to the left
  int32_t least_difference;  // what lies further below the largest input counts as 0
};

// Bytes of scratch that SoftmaxM7 needs.
size_t SoftmaxM7ScratchBytes(const SoftmaxDims& dims);

// output = 256 * exp(input) / sum of exp - 128 along each row, saturated.
//
// The same bytes as TFLite's int8 reference SOFTMAX (gemmlowp's fixed-point exponential: a
// polynomial of order four around -1/8 and a product a binary digit). `input` and `output` are int8
// [rows, depth]; `scratch` is 4-byte aligned.
void SoftmaxM7(const SoftmaxDims& dims, const SoftmaxParams& params, const int8_t* input,
               int8_t* output, void* scratch);

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_SOFTMAX_H_
