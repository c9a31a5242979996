// Row-pruned depthwise layers in planes, for the kernels that share them.
#ifndef CUSTOM_OPS_KERNELS_DEPTHWISE_ROW_PRUNED_PLANES_H_
#define CUSTOM_OPS_KERNELS_DEPTHWISE_ROW_PRUNED_PLANES_H_

#include "custom_ops/formats/row_pruned_depthwise.h"
#include "custom_ops/kernels/depthwise_planes.h"

namespace kws {

// Whether the layer is 3x3 of stride, dilation and multiplier 1 with four channels at least.
bool RowPrunedUsesPlanes(const RowPrunedDepthwise& weights);

// Packs channels [channel, channel + 4) whose stored rows begin at `rows`; returns where those of
// the next channel begin.
const int8_t* PackRowPrunedQuad(const RowPrunedDepthwise& weights, const int8_t* rows,
                                const int32_t* bias, int32_t output_zero_point, int32_t out_w,
                                bool narrow, int32_t channel, PlaneQuad* quad);

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_DEPTHWISE_ROW_PRUNED_PLANES_H_
