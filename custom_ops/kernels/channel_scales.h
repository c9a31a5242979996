// Requantisation constants of a dense operator, one pair an output channel.
#ifndef CUSTOM_OPS_KERNELS_CHANNEL_SCALES_H_
#define CUSTOM_OPS_KERNELS_CHANNEL_SCALES_H_

#include <cstdint>

#include "custom_ops/kernels/dsp_bytes.h"
#include "custom_ops/kernels/requantize.h"

namespace kws {

// The shift of channel c is (shift_keys[c] - shift_origin) / 2^23, rounded down: plain shifts are
// stored as shift * 2^23 with origin 0, and the bit patterns of the filter's float scales serve as
// keys without being copied (the shift is the exponent of a multiple of the scale).
struct ChannelScales {
  static constexpr int kKeyBits = 23;

  const int32_t* multipliers;  // Q31: 0 or in [2^30, 2^31)
  const int32_t* shift_keys;
  int32_t shift_origin;
  int32_t step;  // 1: [out_channels] of each; 0: one for all channels
  bool narrow;   // FastRequantizer takes every shift and no accumulator reaches 2^30

  int32_t multiplier(int32_t channel) const { return multipliers[channel * step]; }

  // In [-31, 30]; positive to the left.
  int32_t shift(int32_t channel) const {
    const int32_t shift = (shift_keys[channel * step] - shift_origin) >> kKeyBits;
    return shift < -31 ? -31 : shift;  // beyond only when the multiplier is 0
  }
};

// What the last step adds to every output and clamps it to; int8 range.
struct OutputRange {
  int32_t zero_point, min, max;

  bool full() const { return min == INT8_MIN && max == INT8_MAX; }
};

// int32 accumulator -> int8 of one channel. `kFast` is allowed when ChannelScales::narrow holds and
// the output range is full.
template <bool kFast>
struct ChannelRequantizer {
  int32_t multiplier, shift;

  ChannelRequantizer(const ChannelScales& scales, int32_t channel)
      : multiplier(scales.multiplier(channel)), shift(scales.shift(channel)) {}

  int8_t operator()(int32_t sum, const OutputRange& range) const {
    if (kFast) {
      return static_cast<int8_t>(FastRequantizer(multiplier, -shift, range.zero_point)(sum));
    }
    const int32_t scaled = MultiplyByQuantizedMultiplier(sum, multiplier, shift);
    const uint32_t shifted =
        static_cast<uint32_t>(scaled) + static_cast<uint32_t>(range.zero_point);
    return static_cast<int8_t>(Clamp(static_cast<int32_t>(shifted), range.min, range.max));
  }
};

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_CHANNEL_SCALES_H_
