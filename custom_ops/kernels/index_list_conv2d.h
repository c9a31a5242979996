// int8 CONV_2D with unstructured sparse weights: one contract, two implementations, the same bytes.
#ifndef CUSTOM_OPS_KERNELS_INDEX_LIST_CONV2D_H_
#define CUSTOM_OPS_KERNELS_INDEX_LIST_CONV2D_H_

#include <cstddef>
#include <cstdint>

#include "custom_ops/formats/index_list_conv.h"
#include "custom_ops/kernels/conv_types.h"

namespace kws {

// output[n, y, x, c] = clamp(requantise(bias[c] + sum w * (input - input_zero_point)) +
//                            output_zero_point)
//
// The same bytes as TFLite's int8 reference CONV_2D on the same weights with their zeros in place.
// `input` and `output` are int8 NHWC and must not overlap; `bias` is int32 [out_channels]. `dims`
// and `params` as SparseConvGeometry gives them.
void IndexListConv2dReference(const IndexListConv& weights, const ConvDims& dims,
                              const ConvParams& params, const int8_t* input, const int32_t* bias,
                              int8_t* output);

// Whether the M7 kernel may take its short way: no row can leave the fields of a pair tile, nor a
// sum 2^30; all shifts are to the right by 1 to 22; the output is not clamped within int8. `params`
// with the zero points.
bool IndexListConv2dIsFast(const IndexListConv& weights, const ConvParams& params,
                           const int32_t* bias);

// Bytes of scratch that IndexListConv2dM7 needs: 16 a column.
size_t IndexListConv2dM7ScratchBytes(const IndexListConv& weights);

// The same result, eight output positions at a time, two products an SMLAL. `scratch` is 4-byte
// aligned; `fast` as IndexListConv2dIsFast says (false is always right).
void IndexListConv2dM7(const IndexListConv& weights, const ConvDims& dims, const ConvParams& params,
                       bool fast, const int8_t* input, const int32_t* bias, int8_t* output,
                       void* scratch);

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_INDEX_LIST_CONV2D_H_
