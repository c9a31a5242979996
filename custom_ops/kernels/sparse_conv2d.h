// int8 CONV_2D with block-sparse weights: one contract, two implementations with the same bytes.
#ifndef CUSTOM_OPS_KERNELS_SPARSE_CONV2D_H_
#define CUSTOM_OPS_KERNELS_SPARSE_CONV2D_H_

#include <cstddef>
#include <cstdint>

#include "custom_ops/formats/block_sparse_conv.h"
#include "custom_ops/kernels/conv_types.h"

namespace kws {

// Output size, padding and clamp of `weights` on an input of batches x in_h x in_w. The zero points
// are left 0 for the caller. Returns false when no output position exists.
bool SparseConv2dGeometry(const BlockSparseConv& weights, int32_t batches, int32_t in_h,
                          int32_t in_w, ConvDims* dims, ConvParams* params);

// Whether no accumulator of this layer can reach 2^30, for any input: then the M7 kernel works with
// doubled sums, and requantises by a shorter sequence with the same result where a channel's shift
// allows it.
bool SparseConv2dIsNarrow(const BlockSparseConv& weights, const int32_t* bias);

// output[n, y, x, c] = clamp(requantise(bias[c] + sum w * (input - input_zero_point)) +
//                            output_zero_point)
//
// The same bytes as TFLite's int8 reference CONV_2D on the same weights with their zeros in place.
// `input` and `output` are int8 NHWC and must not overlap; `bias` is int32 [out_channels].
void SparseConv2dReference(const BlockSparseConv& weights, const ConvDims& dims,
                           const ConvParams& params, const int8_t* input, const int32_t* bias,
                           int8_t* output);

// Bytes of scratch that SparseConv2dM7 needs: eight output positions, expanded to int16.
size_t SparseConv2dM7ScratchBytes(const BlockSparseConv& weights);

// The same result with SMLAD. `scratch` is 4-byte aligned; `narrow` as SparseConv2dIsNarrow says.
void SparseConv2dM7(const BlockSparseConv& weights, const ConvDims& dims, const ConvParams& params,
                    bool narrow, const int8_t* input, const int32_t* bias, int8_t* output,
                    void* scratch);

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_SPARSE_CONV2D_H_
