// c_api.h for the encodings of single weights: validation of any encoding, kernels of index list
// and N:M.
#include "custom_ops/formats/block_sparse_conv.h"
#include "custom_ops/kernels/index_list_conv2d.h"
#include "custom_ops/kernels/n_of_m_conv2d.h"
#include "custom_ops/kernels/sparse_geometry.h"
#include "custom_ops/tests/c_api.h"

namespace {

template <typename View>
kws::FormatError Validate(kws::FormatError (*read)(const uint8_t*, size_t, View*),
                          const uint8_t* packed, size_t bytes) {
  View view;
  return read(packed, bytes, &view);
}

template <typename View, typename Read, typename Reference, typename IsFast, typename ScratchBytes,
          typename M7>
int32_t Run(const KwsConvCall* call, Read read, Reference reference, IsFast is_fast,
            ScratchBytes scratch_bytes, M7 m7) {
  View weights;
  const kws::FormatError error = read(call->packed, call->packed_bytes, &weights);
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
  if (!call->use_m7) {
    reference(weights, dims, params, call->input, call->bias, call->output);
    return 0;
  }
  if (scratch_bytes(weights) > call->scratch_bytes) return -1;
  const bool fast = !call->forbid_narrow && is_fast(weights, params, call->bias);
  m7(weights, dims, params, fast, call->input, call->bias, call->output, call->scratch);
  return 0;
}

kws::FormatError ValidateAny(const uint8_t* packed, size_t bytes) {
  kws::SparseEncoding encoding;
  const kws::FormatError error = kws::ReadSparseEncoding(packed, bytes, &encoding);
  if (error != kws::FormatError::kOk) return error;
  switch (encoding) {
    case kws::SparseEncoding::kBlock:
      return Validate(kws::ReadBlockSparseConv, packed, bytes);
    case kws::SparseEncoding::kIndexList:
      return Validate(kws::ReadIndexListConv, packed, bytes);
    case kws::SparseEncoding::kNOfM:
      return Validate(kws::ReadNOfMConv, packed, bytes);
  }
  return kws::FormatError::kBadEncoding;
}

}  // namespace

int32_t kws_validate(const uint8_t* packed, uint32_t packed_bytes) {
  return static_cast<int32_t>(ValidateAny(packed, packed_bytes));
}

const char* kws_error_text(int32_t error) {
  return kws::FormatErrorText(static_cast<kws::FormatError>(error));
}

int32_t kws_conv(const KwsConvCall* call) {
  kws::SparseEncoding encoding;
  const kws::FormatError error =
      kws::ReadSparseEncoding(call->packed, call->packed_bytes, &encoding);
  if (error != kws::FormatError::kOk) return static_cast<int32_t>(error);
  if (encoding == kws::SparseEncoding::kIndexList) {
    return Run<kws::IndexListConv>(call, kws::ReadIndexListConv, kws::IndexListConv2dReference,
                                   kws::IndexListConv2dIsFast, kws::IndexListConv2dM7ScratchBytes,
                                   kws::IndexListConv2dM7);
  }
  if (encoding == kws::SparseEncoding::kNOfM) {
    return Run<kws::NOfMConv>(call, kws::ReadNOfMConv, kws::NOfMConv2dReference,
                              kws::NOfMConv2dIsFast, kws::NOfMConv2dM7ScratchBytes,
                              kws::NOfMConv2dM7);
  }
  return -1;
}
