#include "custom_ops/tests/nonzero_c_api.h"

#include "custom_ops/formats/block_sparse_conv.h"
#include "custom_ops/formats/index_list_conv.h"
#include "custom_ops/formats/n_of_m_conv.h"

namespace {

template <typename View>
kws::FormatError Validate(kws::FormatError (*read)(const uint8_t*, size_t, View*),
                          const uint8_t* packed, size_t bytes) {
  View view;
  return read(packed, bytes, &view);
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

int32_t kws_nonzero_validate(const uint8_t* packed, uint32_t packed_bytes) {
  return static_cast<int32_t>(ValidateAny(packed, packed_bytes));
}

const char* kws_nonzero_error_text(int32_t error) {
  return kws::FormatErrorText(static_cast<kws::FormatError>(error));
}
