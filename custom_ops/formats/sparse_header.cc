#include "custom_ops/formats/sparse_header.h"

#include <cstring>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the format is read in place");

namespace kws {
namespace {

constexpr uint32_t kMaxDepth = 1u << 16;  // kernel_h * kernel_w * in_channels, as TFLite assumes
constexpr uint16_t kMaxStep = 255;        // stride and dilation

FormatError CheckHeader(const SparseHeader& h) {
  if (h.magic != kSparseMagic) return FormatError::kBadMagic;
  if (h.version != kSparseVersion) return FormatError::kBadVersion;
  if (h.header_bytes != kSparseHeaderBytes) return FormatError::kBadHeaderSize;
  if (h.encoding < static_cast<uint8_t>(SparseEncoding::kBlock) ||
      h.encoding > static_cast<uint8_t>(SparseEncoding::kNOfM)) {
    return FormatError::kBadEncoding;
  }
  if (h.padding > 1 || h.column_order > 1) return FormatError::kBadField;
  for (uint32_t word : h.reserved) {
    if (word != 0) return FormatError::kReservedNotZero;
  }
  const bool positive = h.kernel_h && h.kernel_w && h.in_channels && h.out_channels && h.stride_h &&
                        h.stride_w && h.dilation_h && h.dilation_w;
  if (!positive) return FormatError::kBadShape;
  if (h.stride_h > kMaxStep || h.stride_w > kMaxStep || h.dilation_h > kMaxStep ||
      h.dilation_w > kMaxStep) {
    return FormatError::kBadShape;
  }
  const uint64_t depth = static_cast<uint64_t>(h.kernel_h) * h.kernel_w * h.in_channels;
  if (depth > kMaxDepth) return FormatError::kTooLarge;
  if (h.activation_min > h.activation_max) return FormatError::kBadActivationRange;
  return FormatError::kOk;
}

FormatError CopyHeader(const uint8_t* data, size_t size, SparseHeader* header) {
  if (data == nullptr || size < sizeof(SparseHeader)) return FormatError::kTruncated;
  if (reinterpret_cast<uintptr_t>(data) % 4 != 0) return FormatError::kMisaligned;
  std::memcpy(header, data, sizeof(*header));
  return CheckHeader(*header);
}

}  // namespace

FormatError ReadSparseEncoding(const uint8_t* data, size_t size, SparseEncoding* encoding) {
  SparseHeader header;
  const FormatError error = CopyHeader(data, size, &header);
  if (error == FormatError::kOk) *encoding = static_cast<SparseEncoding>(header.encoding);
  return error;
}

FormatError ReadSparseHeader(const uint8_t* data, size_t size, SparseEncoding encoding,
                             SparseHeader* header) {
  const FormatError error = CopyHeader(data, size, header);
  if (error != FormatError::kOk) return error;
  return header->encoding == static_cast<uint8_t>(encoding) ? FormatError::kOk
                                                            : FormatError::kBadEncoding;
}

uint32_t ReadSparseLayer(const SparseHeader& h, SparseConvLayer* layer) {
  const bool flat = h.column_order == static_cast<uint8_t>(ColumnOrder::kFlat);
  const uint64_t pitch = flat ? h.in_channels : SparseRoundUp(h.in_channels, h.group_columns);
  const uint64_t taps = static_cast<uint64_t>(h.kernel_h) * h.kernel_w;
  layer->kernel_h = h.kernel_h;
  layer->kernel_w = h.kernel_w;
  layer->in_channels = h.in_channels;
  layer->out_channels = h.out_channels;
  layer->stride_h = h.stride_h;
  layer->stride_w = h.stride_w;
  layer->dilation_h = h.dilation_h;
  layer->dilation_w = h.dilation_w;
  layer->padding = static_cast<PaddingKind>(h.padding);
  layer->column_order = static_cast<ColumnOrder>(h.column_order);
  layer->activation_min = h.activation_min;
  layer->activation_max = h.activation_max;
  layer->tap_pitch = static_cast<int32_t>(pitch);
  // At most 2^16 taps of 2^8 padded columns more than the depth: below 2^25.
  return static_cast<uint32_t>(SparseRoundUp(taps * pitch, h.group_columns));
}

FormatError SparseSections::Check(const SparseHeader& header, const uint8_t* data,
                                  size_t size) const {
  const uint64_t total = end_[count_];
  if (header.total_bytes != total) return FormatError::kBadLength;
  if (size < total) return FormatError::kTruncated;
  if (size != total) return FormatError::kBadLength;
  for (int section = 0; section < count_; ++section) {
    for (uint64_t i = gap_[section]; i < end_[section + 1]; ++i) {
      if (data[i] != 0) return FormatError::kPaddingNotZero;
    }
  }
  return FormatError::kOk;
}

FormatError CheckSparseQuantization(const SparseConvLayer& layer) {
  for (int32_t c = 0; c < layer.out_channels; ++c) {
    const int32_t multiplier = layer.multipliers[c];
    if (multiplier != 0 && multiplier < (1 << 30)) return FormatError::kBadMultiplier;
    if (layer.shifts[c] < -31 || layer.shifts[c] > 30) return FormatError::kBadShift;
  }
  return FormatError::kOk;
}

const char* FormatErrorText(FormatError error) {
  switch (error) {
    case FormatError::kOk:
      return "valid";
    case FormatError::kMisaligned:
      return "buffer is not 4-byte aligned";
    case FormatError::kTruncated:
      return "buffer is truncated";
    case FormatError::kBadMagic:
      return "wrong magic, not packed sparse weights";
    case FormatError::kBadVersion:
      return "unknown format version";
    case FormatError::kBadHeaderSize:
      return "wrong header size";
    case FormatError::kBadEncoding:
      return "unknown sparse encoding, or not one that this operator takes";
    case FormatError::kBadField:
      return "padding, column order or index width out of range";
    case FormatError::kReservedNotZero:
      return "reserved header words are not zero";
    case FormatError::kBadShape:
      return "kernel, channel, block, stride, dilation or block count out of range";
    case FormatError::kTooLarge:
      return "layer is larger than the format allows";
    case FormatError::kBadLength:
      return "length does not match the header";
    case FormatError::kBadMultiplier:
      return "output multiplier out of range";
    case FormatError::kBadShift:
      return "output shift out of range";
    case FormatError::kBadActivationRange:
      return "activation minimum exceeds maximum";
    case FormatError::kBadRowOffsets:
      return "row offsets are not monotone within the stored weights";
    case FormatError::kBadIndex:
      return "column index out of range or not ascending";
    case FormatError::kPaddingNotZero:
      return "padding bytes or padded weights are not zero";
  }
  return "unknown error";
}

}  // namespace kws
