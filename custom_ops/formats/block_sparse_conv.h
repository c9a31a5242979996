// Packed block-sparse convolution weights, format version 1: the view and its validating reader.
// The byte layout is specified in docs/sparse_format.md.
#ifndef CUSTOM_OPS_FORMATS_BLOCK_SPARSE_CONV_H_
#define CUSTOM_OPS_FORMATS_BLOCK_SPARSE_CONV_H_

#include <cstddef>
#include <cstdint>

namespace kws {

constexpr uint32_t kSparseMagic = 0x5053574Bu;  // "KWSP"
constexpr uint16_t kSparseVersion = 1;
constexpr uint32_t kSparseHeaderBytes = 64;
constexpr int kMaxBlockSide = 16;

enum class SparseEncoding : uint8_t { kBlock = 1 };

enum class PaddingKind : uint8_t { kValid = 0, kSame = 1 };

// How the kernel taps and input channels of one output channel become the columns of the matrix
// that the blocks tile. `block_in` consecutive columns make one block column.
enum class ColumnOrder : uint8_t {
  kTapPadded = 0,  // the channels of each tap are padded to a multiple of block_in
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

// A validated buffer. The pointers look into it, so it must outlive the view.
//
// The weights form a matrix of `out_channels` rows and `columns * block_in` columns, tiled by
// blocks of block_out x block_in. Stored block b of block row r has `row_offsets[r] <= b <
// row_offsets[r + 1]`, stands in block column `indices[b]` and has its int8 values, row by row, at
// `values + b * block_out * block_in`. Values beyond the last output channel, or in padded columns,
// are zero.
struct BlockSparseConv {
  int32_t kernel_h, kernel_w;
  int32_t in_channels, out_channels;
  int32_t block_out, block_in;
  int32_t stride_h, stride_w;
  int32_t dilation_h, dilation_w;
  PaddingKind padding;
  ColumnOrder column_order;
  int32_t activation_min, activation_max;  // fused clamp, in the output's int8 scale

  int32_t tap_pitch;   // columns from one kernel tap to the next
  int32_t columns;     // block columns
  int32_t block_rows;  // ceil(out_channels / block_out)
  uint32_t n_blocks;   // stored blocks

  const int32_t* multipliers;   // [out_channels], Q31: 0 or in [2^30, 2^31)
  const uint32_t* row_offsets;  // [block_rows + 1]
  const int8_t* shifts;         // [out_channels], left shift in [-31, 30]
  int32_t index_bytes;          // 1 or 2
  const uint8_t* indices;       // [n_blocks] of index_bytes, ascending within a block row
  const int8_t* values;         // [n_blocks][block_out][block_in], 4-byte aligned

  uint32_t index(uint32_t block) const {
    return index_bytes == 1 ? indices[block] : reinterpret_cast<const uint16_t*>(indices)[block];
  }
};

// Checks every byte that a kernel relies on and fills `view`. On an error `view` is not to be used.
// Reads at most `size` bytes at `data`; `data` must be 4-byte aligned.
FormatError ReadBlockSparseConv(const uint8_t* data, size_t size, BlockSparseConv* view);

}  // namespace kws

#endif  // CUSTOM_OPS_FORMATS_BLOCK_SPARSE_CONV_H_
