#include "custom_ops/tests/depthwise_c_api.h"

#include "custom_ops/kernels/depthwise_conv2d.h"

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
  kws::ChannelScales scales = {call->multipliers, call->shift_keys, 0, 1, false};
  scales.narrow = !call->forbid_narrow && kws::ConvIsNarrow(int64_t{filter.h} * filter.w, scales,
                                                            call->bias, dims.out_channels);
  const size_t needed = kws::DepthwiseConv2dM7ScratchBytes(dims, filter, params);
  if (needed > static_cast<size_t>(call->scratch_bytes)) return -1;
  kws::DepthwiseConv2dM7(dims, filter, params, scales, call->input, call->filter, call->bias,
                         call->output, call->scratch);
  return 0;
}
