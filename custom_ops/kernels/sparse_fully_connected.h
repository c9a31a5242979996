// int8 FULLY_CONNECTED with packed sparse weights: blocks or an index list, each with a reference
// and an M7 version of the same bytes. The weights are those of a 1x1 convolution with `depth`
// input and `units` output channels (docs/sparse_format.md).
#ifndef CUSTOM_OPS_KERNELS_SPARSE_FULLY_CONNECTED_H_
#define CUSTOM_OPS_KERNELS_SPARSE_FULLY_CONNECTED_H_

#include <cstddef>
#include <cstdint>

#include "custom_ops/formats/block_sparse_conv.h"
#include "custom_ops/formats/index_list_conv.h"
#include "custom_ops/kernels/requantize.h"

namespace kws {

struct SparseFullyConnectedParams {
  int32_t batches;
  int32_t input_zero_point, output_zero_point;  // int8 range
};

// Whether `layer` is a kernel of 1x1 without stride and dilation. Nothing below takes another.
bool IsSparseFullyConnected(const SparseConvLayer& layer);

// How the M7 kernels requantise. The first kind is always right.
struct FullyConnectedScale {
  enum class Kind : uint8_t {
    kGeneral,  // TFLite's formula
    kNarrow,   // FastRequantizer: no accumulator can reach 2^30 whatever the input, every shift is
               // in its range, and the output is not clamped
    kOne,      // the same, and `one` is that of all units: weights quantised per tensor
  };
  Kind kind;
  FastRequantizer one;
};

// The fastest kind that serves.
FullyConnectedScale SparseFullyConnectedScale(const BlockSparseConv& weights, const int32_t* bias,
                                              int32_t output_zero_point);
FullyConnectedScale SparseFullyConnectedScale(const IndexListConv& weights, const int32_t* bias,
                                              int32_t output_zero_point);

// output[n, u] = clamp(requantise(bias[u] + sum w * (input[n, .] - input_zero_point)) +
//                      output_zero_point)
//
// The same bytes as TFLite Micro's int8 reference FULLY_CONNECTED on the same weights with their
// zeros in place (multipliers and shifts of the buffer, one a unit). `input` is int8
// [batches, depth], `output` int8 [batches, units], not overlapping; `bias` is int32 [units].
void SparseFullyConnectedReference(const BlockSparseConv& weights,
                                   const SparseFullyConnectedParams& params, const int8_t* input,
                                   const int32_t* bias, int8_t* output);
void SparseFullyConnectedReference(const IndexListConv& weights,
                                   const SparseFullyConnectedParams& params, const int8_t* input,
                                   const int32_t* bias, int8_t* output);

// Bytes of scratch: the input of one batch as int16 (for blocks of 2x4 and 4x4 a copy in bytes, and
// that only where the depth is no multiple of four), and sums.
size_t SparseFullyConnectedM7ScratchBytes(const BlockSparseConv& weights);
size_t SparseFullyConnectedM7ScratchBytes(const IndexListConv& weights);

// The same result. `scratch` is 4-byte aligned; `scale` as SparseFullyConnectedScale says, or of a
// kind before. Fast for blocks of 4x4, 2x4 and 1x4, then 2x2, 4x1 and 1x2; other shapes
// take a general loop of about two cycles a weight.
void SparseFullyConnectedM7(const BlockSparseConv& weights,
                            const SparseFullyConnectedParams& params,
                            const FullyConnectedScale& scale, const int8_t* input,
                            const int32_t* bias, int8_t* output, void* scratch);
void SparseFullyConnectedM7(const IndexListConv& weights, const SparseFullyConnectedParams& params,
                            const FullyConnectedScale& scale, const int8_t* input,
                            const int32_t* bias, int8_t* output, void* scratch);

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_SPARSE_FULLY_CONNECTED_H_
