// The sparse FULLY_CONNECTED kernels behind one C struct, for ctypes and for an emulated Cortex-M7.
#include "custom_ops/kernels/sparse_fully_connected.h"

extern "C" {

struct SparseFcCall {
  const uint8_t* packed;
  const int8_t* input;  // [batches][depth]
  const int32_t* bias;  // [units]
  int8_t* output;       // [batches][units]
  uint8_t* scratch;     // 4-byte aligned
  uint32_t packed_bytes, scratch_bytes;
  int32_t batches, input_zero_point, output_zero_point;
  int32_t use_m7;     // 0: reference
  int32_t most_kind;  // of FullyConnectedScale; one before is taken even where a later one serves
};

// 0, a FormatError, -1 (not a FULLY_CONNECTED) or -2 (scratch too small).
int32_t kws_sparse_fc(const SparseFcCall* call);
}

namespace {

template <typename View>
int32_t Run(const SparseFcCall& call, const View& view) {
  if (!kws::IsSparseFullyConnected(view)) return -1;
  const kws::SparseFullyConnectedParams params = {call.batches, call.input_zero_point,
                                                  call.output_zero_point};
  if (!call.use_m7) {
    kws::SparseFullyConnectedReference(view, params, call.input, call.bias, call.output);
    return 0;
  }
  if (kws::SparseFullyConnectedM7ScratchBytes(view) > call.scratch_bytes) return -2;
  kws::FullyConnectedScale scale =
      kws::SparseFullyConnectedScale(view, call.bias, call.output_zero_point);
  using Kind = kws::FullyConnectedScale::Kind;
  const Kind most = static_cast<Kind>(call.most_kind);
  if (scale.kind > most) scale.kind = most;
  kws::SparseFullyConnectedM7(view, params, scale, call.input, call.bias, call.output,
                              call.scratch);
  return 0;
}

}  // namespace

int32_t kws_sparse_fc(const SparseFcCall* call) {
  kws::SparseEncoding encoding;
  kws::FormatError error = kws::ReadSparseEncoding(call->packed, call->packed_bytes, &encoding);
  if (error != kws::FormatError::kOk) return static_cast<int32_t>(error);
  if (encoding == kws::SparseEncoding::kBlock) {
    kws::BlockSparseConv view;
    error = kws::ReadBlockSparseConv(call->packed, call->packed_bytes, &view);
    return error == kws::FormatError::kOk ? Run(*call, view) : static_cast<int32_t>(error);
  }
  kws::IndexListConv view;
  error = kws::ReadIndexListConv(call->packed, call->packed_bytes, &view);
  return error == kws::FormatError::kOk ? Run(*call, view) : static_cast<int32_t>(error);
}
