// Packed depthwise weights of which whole filter rows may be missing ("KWSD" buffers), format
// version 1: the view and its validating reader. The byte layout is specified in docs/depthwise.md.
#ifndef CUSTOM_OPS_FORMATS_ROW_PRUNED_DEPTHWISE_H_
#define CUSTOM_OPS_FORMATS_ROW_PRUNED_DEPTHWISE_H_

#include <cstddef>
#include <cstdint>

#include "custom_ops/formats/sparse_header.h"

namespace kws {

constexpr uint32_t kRowPrunedMagic = 0x4453574Bu;  // "KWSD"
constexpr uint16_t kRowPrunedVersion = 1;

enum class RowPrunedUse : uint8_t {
  kAlone = 1,
  kSeparable = 2,  // the first half of a separable convolution, whose result has no tensor
};

// A validated buffer. The pointers look into it, so it must outlive the view.
//
// Bit y of channel c's mask says whether row y of its filter is stored: kernel_w values. The stored
// rows of all channels follow each other, channel by channel, from the top.
struct RowPrunedDepthwise : SparseConvLayer {
  RowPrunedUse use;
  int32_t inner_zero_point;  // of the result of a kSeparable one, int8 range; else 0
  uint32_t n_rows;           // stored rows
  int32_t mask_bytes;        // of a channel: ceil(kernel_h / 8)
  const uint8_t* masks;  // [out_channels][mask_bytes], bits of absent rows beyond kernel_h are 0
  const int8_t* values;  // [n_rows][kernel_w]

  // out_channels / in_channels: output channel c sees input channel c / multiplier.
  int32_t multiplier() const { return out_channels / in_channels; }

  bool has_row(int32_t channel, int32_t y) const {
    return (masks[channel * mask_bytes + y / 8] >> y % 8 & 1) != 0;
  }
};

// Checks every byte that a kernel relies on and fills `view`. On an error `view` is not to be used.
// Reads at most `size` bytes at `data`; `data` must be 4-byte aligned.
FormatError ReadRowPrunedDepthwise(const uint8_t* data, size_t size, RowPrunedDepthwise* view);

}  // namespace kws

#endif  // CUSTOM_OPS_FORMATS_ROW_PRUNED_DEPTHWISE_H_
