#include "custom_ops/formats/block_sparse_conv.h"

#include <cstring>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the format is read in place");

namespace kws {
namespace {

struct Header {
  uint32_t magic;
  uint16_t version;
  uint16_t header_bytes;
  uint32_t total_bytes;
  uint8_t encoding;
  uint8_t padding;
  uint8_t column_order;
  uint8_t index_bytes;
  uint16_t kernel_h, kernel_w;
  uint16_t in_channels, out_channels;
  uint8_t block_out, block_in;
  int8_t activation_min, activation_max;
  uint16_t stride_h, stride_w;
  uint16_t dilation_h, dilation_w;
  uint32_t n_blocks;
  uint32_t reserved[6];
};
static_assert(sizeof(Header) == kSparseHeaderBytes, "header layout is part of the format");

// Larger layers than this fit no microcontroller; the bounds keep all later arithmetic in 32 bits.
constexpr uint32_t kMaxDepth = 1u << 16;   // kernel_h * kernel_w * in_channels, as TFLite assumes
constexpr uint64_t kMaxMatrix = 1u << 26;  // values of the padded matrix, stored or not
constexpr uint16_t kMaxStep = 255;         // stride and dilation

constexpr uint64_t RoundUp(uint64_t value, uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

FormatError CheckHeader(const Header& h) {
  if (h.magic != kSparseMagic) return FormatError::kBadMagic;
  if (h.version != kSparseVersion) return FormatError::kBadVersion;
  if (h.header_bytes != kSparseHeaderBytes) return FormatError::kBadHeaderSize;
  if (h.encoding != static_cast<uint8_t>(SparseEncoding::kBlock)) return FormatError::kBadEncoding;
  if (h.padding > 1 || h.column_order > 1) return FormatError::kBadField;
  if (h.index_bytes != 1 && h.index_bytes != 2) return FormatError::kBadField;
  for (uint32_t word : h.reserved) {
    if (word != 0) return FormatError::kReservedNotZero;
  }
  const bool positive = h.kernel_h && h.kernel_w && h.in_channels && h.out_channels &&
                        h.block_out && h.block_in && h.stride_h && h.stride_w && h.dilation_h &&
                        h.dilation_w;
  if (!positive) return FormatError::kBadShape;
  if (h.block_out > kMaxBlockSide || h.block_in > kMaxBlockSide) return FormatError::kBadShape;
  if (h.stride_h > kMaxStep || h.stride_w > kMaxStep || h.dilation_h > kMaxStep ||
      h.dilation_w > kMaxStep) {
    return FormatError::kBadShape;
  }
  const uint64_t depth = static_cast<uint64_t>(h.kernel_h) * h.kernel_w * h.in_channels;
  if (depth > kMaxDepth) return FormatError::kTooLarge;
  if (h.activation_min > h.activation_max) return FormatError::kBadActivationRange;
  return FormatError::kOk;
}

// Whether all `size` bytes from `offset` on are zero: alignment gaps carry nothing.
bool IsZero(const uint8_t* data, uint64_t offset, uint64_t end) {
  for (uint64_t i = offset; i < end; ++i) {
    if (data[i] != 0) return false;
  }
  return true;
}

FormatError CheckQuantization(const BlockSparseConv& view) {
  for (int32_t c = 0; c < view.out_channels; ++c) {
    const int32_t multiplier = view.multipliers[c];
    if (multiplier != 0 && multiplier < (1 << 30)) return FormatError::kBadMultiplier;
    if (view.shifts[c] < -31 || view.shifts[c] > 30) return FormatError::kBadShift;
  }
  return FormatError::kOk;
}

FormatError CheckRows(const BlockSparseConv& view) {
  if (view.row_offsets[0] != 0) return FormatError::kBadRowOffsets;
  if (view.row_offsets[view.block_rows] != view.n_blocks) return FormatError::kBadRowOffsets;
  for (int32_t row = 0; row < view.block_rows; ++row) {
    const uint32_t begin = view.row_offsets[row];
    const uint32_t end = view.row_offsets[row + 1];
    if (begin > end || end > view.n_blocks) return FormatError::kBadRowOffsets;
    for (uint32_t block = begin; block < end; ++block) {
      const uint32_t index = view.index(block);
      if (index >= static_cast<uint32_t>(view.columns)) return FormatError::kBadIndex;
      if (block > begin && index <= view.index(block - 1)) return FormatError::kBadIndex;
    }
  }
  return FormatError::kOk;
}

// Padded rows and columns of the matrix must hold zeros: the fast kernel multiplies them.
FormatError CheckTails(const BlockSparseConv& view) {
  const int32_t depth = view.kernel_h * view.kernel_w * view.tap_pitch;
  for (int32_t row = 0; row < view.block_rows; ++row) {
    const int32_t rows_left = view.out_channels - row * view.block_out;
    for (uint32_t block = view.row_offsets[row]; block < view.row_offsets[row + 1]; ++block) {
      const int32_t column = static_cast<int32_t>(view.index(block)) * view.block_in;
      const int8_t* value = view.values + block * view.block_out * view.block_in;
      for (int32_t r = 0; r < view.block_out; ++r) {
        for (int32_t i = 0; i < view.block_in; ++i, ++value) {
          const bool padded = r >= rows_left || column + i >= depth ||
                              (column + i) % view.tap_pitch >= view.in_channels;
          if (padded && *value != 0) return FormatError::kPaddingNotZero;
        }
      }
    }
  }
  return FormatError::kOk;
}

}  // namespace

FormatError ReadBlockSparseConv(const uint8_t* data, size_t size, BlockSparseConv* view) {
  if (data == nullptr || size < sizeof(Header)) return FormatError::kTruncated;
  if (reinterpret_cast<uintptr_t>(data) % 4 != 0) return FormatError::kMisaligned;
  Header h;
  std::memcpy(&h, data, sizeof(h));
  FormatError error = CheckHeader(h);
  if (error != FormatError::kOk) return error;

  const bool flat = h.column_order == static_cast<uint8_t>(ColumnOrder::kFlat);
  const uint64_t taps = static_cast<uint64_t>(h.kernel_h) * h.kernel_w;
  const uint64_t tap_pitch = flat ? h.in_channels : RoundUp(h.in_channels, h.block_in);
  const uint64_t columns = RoundUp(taps * tap_pitch, h.block_in) / h.block_in;
  const uint64_t block_rows = RoundUp(h.out_channels, h.block_out) / h.block_out;
  if (columns > (h.index_bytes == 1 ? 256u : 65536u)) return FormatError::kTooLarge;
  if (columns * h.block_in * block_rows * h.block_out > kMaxMatrix) return FormatError::kTooLarge;
  if (h.n_blocks > columns * block_rows) return FormatError::kBadShape;

  // Sections in file order; each starts on a 4-byte boundary.
  const uint64_t multipliers = sizeof(Header);
  const uint64_t row_offsets = multipliers + 4ull * h.out_channels;
  const uint64_t shifts = row_offsets + 4ull * (block_rows + 1);
  const uint64_t shifts_end = shifts + h.out_channels;
  const uint64_t indices = RoundUp(shifts_end, 4);
  const uint64_t indices_end = indices + static_cast<uint64_t>(h.index_bytes) * h.n_blocks;
  const uint64_t values = RoundUp(indices_end, 4);
  const uint64_t values_end = values + static_cast<uint64_t>(h.n_blocks) * h.block_out * h.block_in;
  const uint64_t total = RoundUp(values_end, 4);
  if (h.total_bytes != total) return FormatError::kBadLength;
  if (size < total) return FormatError::kTruncated;
  if (size != total) return FormatError::kBadLength;
  if (!IsZero(data, shifts_end, indices) || !IsZero(data, indices_end, values) ||
      !IsZero(data, values_end, total)) {
    return FormatError::kPaddingNotZero;
  }

  view->kernel_h = h.kernel_h;
  view->kernel_w = h.kernel_w;
  view->in_channels = h.in_channels;
  view->out_channels = h.out_channels;
  view->block_out = h.block_out;
  view->block_in = h.block_in;
  view->stride_h = h.stride_h;
  view->stride_w = h.stride_w;
  view->dilation_h = h.dilation_h;
  view->dilation_w = h.dilation_w;
  view->padding = static_cast<PaddingKind>(h.padding);
  view->column_order = static_cast<ColumnOrder>(h.column_order);
  view->activation_min = h.activation_min;
  view->activation_max = h.activation_max;
  view->tap_pitch = static_cast<int32_t>(tap_pitch);
  view->columns = static_cast<int32_t>(columns);
  view->block_rows = static_cast<int32_t>(block_rows);
  view->n_blocks = h.n_blocks;
  view->multipliers = reinterpret_cast<const int32_t*>(data + multipliers);
  view->row_offsets = reinterpret_cast<const uint32_t*>(data + row_offsets);
  view->shifts = reinterpret_cast<const int8_t*>(data + shifts);
  view->index_bytes = h.index_bytes;
  view->indices = data + indices;
  view->values = reinterpret_cast<const int8_t*>(data + values);

  if ((error = CheckQuantization(*view)) != FormatError::kOk) return error;
  if ((error = CheckRows(*view)) != FormatError::kOk) return error;
  return CheckTails(*view);
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
      return "unknown sparse encoding";
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
      return "row offsets are not monotone within the stored blocks";
    case FormatError::kBadIndex:
      return "block index out of range or not ascending";
    case FormatError::kPaddingNotZero:
      return "padding bytes or padded weights are not zero";
  }
  return "unknown error";
}

}  // namespace kws
