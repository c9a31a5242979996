// What all packed sparse convolutions ("KWSP" buffers, docs/sparse_format.md) have in common: the
// 64-byte header, the quantisation of the output channels, and the checks of both.
#ifndef CUSTOM_OPS_FORMATS_SPARSE_HEADER_H_
#define CUSTOM_OPS_FORMATS_SPARSE_HEADER_H_

#include <cstddef>
#include <cstdint>

namespace kws {

constexpr uint32_t kSparseMagic = 0x5053574Bu;  // "KWSP"
constexpr uint16_t kSparseVersion = 1;
constexpr uint32_t kSparseHeaderBytes = 64;

enum class SparseEncoding : uint8_t { kBlock = 1, kIndexList = 2, kNOfM = 3 };

enum class PaddingKind : uint8_t { kValid = 0, kSame = 1 };

// How the kernel taps and input channels of one output channel become the columns of the matrix.
enum class ColumnOrder : uint8_t {
  kTapPadded = 0,  // the channels of each tap are padded to a multiple of the group of columns
  kFlat = 1,       // (ky, kx, channel) run on; only the very end is padded
};

enum class FormatError : uint8_t {
  kOk = 0,
  kMisaligned,
  kTruncated,
  kBadMagic,
  kBadVersion,
  kBadHeaderSize,
  kBadEncoding,
  kBadField,
  kReservedNotZero,
  kBadShape,
  kTooLarge,
  kBadLength,
  kBadMultiplier,
  kBadShift,
  kBadActivationRange,
  kBadRowOffsets,
  kBadIndex,
  kPaddingNotZero,
};

// One line for a person; never null.
const char* FormatErrorText(FormatError error);

// The part of a validated buffer that does not depend on its encoding. The pointers look into the
// buffer, so it must outlive the view.
struct SparseConvLayer {
  int32_t kernel_h, kernel_w;
  int32_t in_channels, out_channels;
  int32_t stride_h, stride_w;
  int32_t dilation_h, dilation_w;
  PaddingKind padding;
  ColumnOrder column_order;
  int32_t activation_min, activation_max;  // fused clamp, in the output's int8 scale
  int32_t tap_pitch;                       // columns from one kernel tap to the next

  const int32_t* multipliers;  // [out_channels], Q31: 0 or in [2^30, 2^31)
  const int8_t* shifts;        // [out_channels], left shift in [-31, 30]
};

// The encoding of a buffer whose header is well-formed as far as all encodings agree. For callers
// that choose a reader; every reader checks all of it itself.
FormatError ReadSparseEncoding(const uint8_t* data, size_t size, SparseEncoding* encoding);

// For the readers of the encodings. ------------------------------------------------------------

// The header as it lies in the buffer. `group_rows`, `group_columns` and `n_stored` are the
// encoding's own: rows and columns of a block, N and M; stored blocks, entries or groups.
struct SparseHeader {
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
  uint8_t group_rows, group_columns;
  int8_t activation_min, activation_max;
  uint16_t stride_h, stride_w;
  uint16_t dilation_h, dilation_w;
  uint32_t n_stored;
  uint32_t reserved[6];
};
static_assert(sizeof(SparseHeader) == kSparseHeaderBytes, "header layout is part of the format");

// Larger layers than this fit no microcontroller; the bound keeps all later arithmetic in 32 bits.
constexpr uint64_t kMaxSparseMatrix = 1u << 26;  // values of the padded matrix, stored or not

// Copies the header out of the buffer and checks everything but the encoding's own fields.
FormatError ReadSparseHeader(const uint8_t* data, size_t size, SparseEncoding encoding,
                             SparseHeader* header);

// Columns of the padded matrix when groups of `header.group_columns` (not 0) tile them; fills
// `layer` but for its pointers.
uint32_t ReadSparseLayer(const SparseHeader& header, SparseConvLayer* layer);

// The sections behind the header in file order, each on a 4-byte boundary, the gaps zero.
class SparseSections {
 public:
  // Offset of the next section, of `bytes` (less than 2^40) bytes.
  uint64_t Add(uint64_t bytes) {
    const uint64_t begin = end_[count_];
    gap_[count_] = begin + bytes;
    end_[++count_] = (begin + bytes + 3) / 4 * 4;
    return begin;
  }
  // Whether header and buffer have just these sections.
  FormatError Check(const SparseHeader& header, const uint8_t* data, size_t size) const;

 private:
  static constexpr int kMaxSections = 6;
  uint64_t end_[kMaxSections + 1] = {kSparseHeaderBytes};
  uint64_t gap_[kMaxSections] = {};
  int count_ = 0;
};

// The range of every multiplier and shift.
FormatError CheckSparseQuantization(const SparseConvLayer& layer);

constexpr uint64_t SparseRoundUp(uint64_t value, uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

}  // namespace kws

#endif  // CUSTOM_OPS_FORMATS_SPARSE_HEADER_H_
