// int8 CONV_2D with N:M sparse weights (2:4 or 1:4 columns): one contract, two implementations, the
// same bytes.
#ifndef CUSTOM_OPS_KERNELS_N_OF_M_CONV2D_H_
#define CUSTOM_OPS_KERNELS_N_OF_M_CONV2D_H_

#include <cstddef>
#include <cstdint>

#include "custom_ops/formats/n_of_m_conv.h"
#include "custom_ops/kernels/conv_types.h"

namespace kws {

// output[n, y, x, c] = clamp(requantise(bias[c] + sum w * (input - input_zero_point)) +
//                            output_zero_point)
//
// The same bytes as TFLite's int8 reference CONV_2D on the same weights with their zeros in place.
// `input` and `output` are int8 NHWC and must not overlap; `bias` is int32 [out_channels]. `dims`
// and `params` as SparseConvGeometry gives them.
void NOfMConv2dReference(const NOfMConv& weights, const ConvDims& dims, const ConvParams& params,
                         const int8_t* input, const int32_t* bias, int8_t* output);

// Whether the M7 kernel may take its short way; see IndexListConv2dIsFast.
bool NOfMConv2dIsFast(const NOfMConv& weights, const ConvParams& params, const int32_t* bias);

// Bytes of scratch that NOfMConv2dM7 needs: 16 a column, up to 64 for alignment.
size_t NOfMConv2dM7ScratchBytes(const NOfMConv& weights);

// The same result, eight output positions at a time, two products an SMLAL. `scratch` is 4-byte
// aligned; `fast` as NOfMConv2dIsFast says (false is always right).
void NOfMConv2dM7(const NOfMConv& weights, const ConvDims& dims, const ConvParams& params,
                  bool fast, const int8_t* input, const int32_t* bias, int8_t* output,
                  void* scratch);

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_N_OF_M_CONV2D_H_
