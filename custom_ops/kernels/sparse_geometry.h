// Output size, padding and clamp of a packed sparse convolution.
#ifndef CUSTOM_OPS_KERNELS_SPARSE_GEOMETRY_H_
#define CUSTOM_OPS_KERNELS_SPARSE_GEOMETRY_H_

#include "custom_ops/formats/sparse_header.h"
#include "custom_ops/kernels/conv_types.h"

namespace kws {

// Of `layer` on an input of batches x in_h x in_w. The zero points are left 0 for the caller.
// Returns false when no output position exists.
inline bool SparseConvGeometry(const SparseConvLayer& layer, int32_t batches, int32_t in_h,
                               int32_t in_w, ConvDims* dims, ConvParams* params) {
  const SparseConvLayer& w = layer;
  const bool same = w.padding == PaddingKind::kSame;
  const int32_t out_h = ConvOutputSize(same, in_h, w.kernel_h, w.stride_h, w.dilation_h);
  const int32_t out_w = ConvOutputSize(same, in_w, w.kernel_w, w.stride_w, w.dilation_w);
  *dims = {batches, in_h, in_w, w.in_channels, out_h, out_w, w.out_channels};
  *params = {w.stride_h,
             w.stride_w,
             w.dilation_h,
             w.dilation_w,
             ConvPadBefore(in_h, out_h, w.kernel_h, w.stride_h, w.dilation_h),
             ConvPadBefore(in_w, out_w, w.kernel_w, w.stride_w, w.dilation_w),
             0,
             0,
             w.activation_min,
             w.activation_max};
  return batches > 0 && in_h > 0 && in_w > 0 && out_h > 0 && out_w > 0;
}

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_SPARSE_GEOMETRY_H_
