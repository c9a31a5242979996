#include "custom_ops/tests/depthwise_c_api.h"

#include "custom_ops/kernels/depthwise_conv2d.h"
#include "custom_ops/kernels/depthwise_row_pruned.h"
#include "custom_ops/kernels/sparse_geometry.h"

namespace {

kws::ConvDims DimsOf(const KwsDepthwiseCall& c) {
  return {c.batches, c.in_h, c.in_w, c.in_channels, c.out_h, c.out_w, c.out_channels};
}

kws::ConvParams ParamsOf(const KwsDepthwiseCall& c) {
  return {c.stride_h, c.stride_w,         c.dilation_h,        c.dilation_w,     c.pad_top,
          c.pad_left, c.input_zero_point, c.output_zero_point, c.activation_min, c.activation_max};
}

}  // namespace

int32_t kws_depthwise(const KwsDepthwiseCall* call) {
  const kws::ConvDims dims = DimsOf(*call);
  const kws::ConvParams params = ParamsOf(*call);
  const kws::FilterDims filter = {call->kernel_h, call->kernel_w};
  const bool narrow = call->forbid_narrow == 0;
  const kws::ChannelScales scales = {call->multipliers, call->shift_keys, 0, 1, narrow};
  const size_t needed = kws::DepthwiseConv2dM7ScratchBytes(dims, filter, params);
  if (needed > static_cast<size_t>(call->scratch_bytes)) return -1;
  kws::DepthwiseConv2dM7(dims, filter, params, scales, call->input, call->filter, call->bias,
                         call->output, call->scratch);
  return 0;
}

int32_t kws_row_pruned_validate(const uint8_t* packed, uint32_t packed_bytes) {
  kws::RowPrunedDepthwise weights;
  return static_cast<int32_t>(kws::ReadRowPrunedDepthwise(packed, packed_bytes, &weights));
}

int32_t kws_row_pruned(const KwsDepthwiseCall* call) {
  kws::RowPrunedDepthwise weights;
  const kws::FormatError error =
      kws::ReadRowPrunedDepthwise(reinterpret_cast<const uint8_t*>(call->filter),
                                  static_cast<size_t>(call->filter_bytes), &weights);
  if (error != kws::FormatError::kOk) return static_cast<int32_t>(error);
  kws::ConvDims dims;
  kws::ConvParams params;
  if (!kws::SparseConvGeometry(weights, call->batches, call->in_h, call->in_w, &dims, &params)) {
    return -1;
  }
  const int64_t bytes = int64_t{dims.batches} * dims.out_h * dims.out_w * dims.out_channels;
  if (bytes != call->output_bytes) return -1;
  params.input_zero_point = call->input_zero_point;
  params.output_zero_point = call->output_zero_point;
  if (call->kernel == 1) {
    kws::RowPrunedDepthwiseReference(weights, dims, params, call->input, call->bias, call->output);
    return 0;
  }
  const size_t needed = kws::RowPrunedDepthwiseM7ScratchBytes(weights, dims, params);
  if (needed > static_cast<size_t>(call->scratch_bytes)) return -1;
  const bool narrow = !call->forbid_narrow && kws::RowPrunedDepthwiseIsNarrow(weights, call->bias);
  kws::RowPrunedDepthwiseM7(weights, dims, params, narrow, call->input, call->bias, call->output,
                            call->scratch);
  return 0;
}
