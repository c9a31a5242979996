#include "custom_ops/tests/c_api.h"

#include "custom_ops/kernels/sparse_conv2d.h"

int32_t kws_validate(const uint8_t* packed, uint32_t packed_bytes) {
  kws::BlockSparseConv weights;
  return static_cast<int32_t>(kws::ReadBlockSparseConv(packed, packed_bytes, &weights));
}

const char* kws_error_text(int32_t error) {
  return kws::FormatErrorText(static_cast<kws::FormatError>(error));
}

int32_t kws_conv(const KwsConvCall* call) {
  kws::BlockSparseConv weights;
  const kws::FormatError error =
      kws::ReadBlockSparseConv(call->packed, call->packed_bytes, &weights);
  if (error != kws::FormatError::kOk) return static_cast<int32_t>(error);
  kws::ConvDims dims;
  kws::ConvParams params;
  if (!kws::SparseConv2dGeometry(weights, call->batches, call->in_h, call->in_w, &dims, &params)) {
    return -1;
  }
  const int64_t bytes = int64_t{dims.batches} * dims.out_h * dims.out_w * dims.out_channels;
  if (bytes != call->output_bytes) return -1;
  params.input_zero_point = call->input_zero_point;
  params.output_zero_point = call->output_zero_point;
  if (!call->use_m7) {
    kws::SparseConv2dReference(weights, dims, params, call->input, call->bias, call->output);
    return 0;
  }
  if (kws::SparseConv2dM7ScratchBytes(weights) > call->scratch_bytes) return -1;
  const bool narrow = !call->forbid_narrow && kws::SparseConv2dIsNarrow(weights, call->bias);
  kws::SparseConv2dM7(weights, dims, params, narrow, call->input, call->bias, call->output,
                      call->scratch);
  return 0;
}
