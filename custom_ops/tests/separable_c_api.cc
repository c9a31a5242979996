#include "custom_ops/tests/separable_c_api.h"

#include "custom_ops/kernels/depthwise_row_pruned.h"
#include "custom_ops/kernels/separable_conv2d.h"
#include "custom_ops/kernels/sparse_conv2d.h"

int32_t kws_separable(const KwsSeparableCall* call) {
  kws::SeparableConv2d conv;
  kws::FormatError error = kws::ReadRowPrunedDepthwise(
      call->depthwise, static_cast<size_t>(call->depthwise_bytes), &conv.depthwise_weights);
  if (error != kws::FormatError::kOk) return static_cast<int32_t>(error);
  error = kws::ReadBlockSparseConv(call->pointwise, static_cast<size_t>(call->pointwise_bytes),
                                   &conv.pointwise_weights);
  if (error != kws::FormatError::kOk) return static_cast<int32_t>(error);
  if (!kws::SeparableConv2dGeometry(call->batches, call->in_h, call->in_w, call->input_zero_point,
                                    call->output_zero_point, &conv)) {
    return -1;
  }
  const kws::ConvDims& dims = conv.pointwise.dims;
  const int64_t bytes = int64_t{dims.batches} * dims.out_h * dims.out_w * dims.out_channels;
  if (bytes != call->output_bytes) return -1;
  conv.depthwise.bias = call->depthwise_bias;
  conv.pointwise.bias = call->pointwise_bias;
  conv.depthwise.narrow =
      kws::RowPrunedDepthwiseIsNarrow(conv.depthwise_weights, call->depthwise_bias);
  conv.pointwise.narrow = kws::SparseConv2dIsNarrow(conv.pointwise_weights, call->pointwise_bias);
  const size_t available = static_cast<size_t>(call->scratch_bytes);
  if (call->kernel == 1) {
    if (kws::SeparableConv2dReferenceScratchBytes(conv) > available) return -1;
    kws::SeparableConv2dReference(conv, call->input, call->output, call->scratch);
    return 0;
  }
  if (kws::SeparableConv2dM7ScratchBytes(conv) > available) return -1;
  kws::SeparableConv2dM7(conv, call->input, call->output, call->scratch);
  return 0;
}
