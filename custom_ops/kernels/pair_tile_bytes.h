// Words of the pair tile from bytes of two positions, for the files that fill it.
#ifndef CUSTOM_OPS_KERNELS_PAIR_TILE_BYTES_H_
#define CUSTOM_OPS_KERNELS_PAIR_TILE_BYTES_H_

#include "custom_ops/kernels/dsp.h"
#include "custom_ops/kernels/pair_tile.h"

namespace kws {

// `base` plus byte kByte of `word`, sign-extended. SXTAB with a rotation.
template <int kByte>
inline uint32_t AddByte(uint32_t base, uint32_t word) {
#if KWS_DSP_NATIVE
  uint32_t result;
  asm("sxtab %0, %1, %2, ror %3" : "=r"(result) : "r"(base), "r"(word), "i"(8 * kByte));
  return result;
#else
  const int8_t byte = static_cast<int8_t>((word >> (8 * kByte)) & 0xFFu);
  return base + static_cast<uint32_t>(int32_t{byte});
#endif
}

// The input's zero point, negative, in both fields.
inline uint32_t MinusZeroPoints(const ConvParams& params) {
  const uint32_t minus = static_cast<uint32_t>(-params.input_zero_point);
  return minus + (minus << kPairFieldBits);
}

// The tile word of bytes kByte of two words.
template <int kByte>
inline uint32_t PairOfBytes(uint32_t minus_zero_points, uint32_t first, uint32_t second) {
  return AddByte<kByte>(minus_zero_points, first) + (AddByte<kByte>(0, second) << kPairFieldBits);
}

// Whether a kernel row is at most one word of the input, its taps side by side: FillNarrowPair.
inline bool HasNarrowRows(const SparseConvLayer& w, const ConvDims& dims) {
  const bool together = w.tap_pitch == w.in_channels && (w.dilation_w == 1 || w.kernel_w == 1);
  return together && w.kernel_w * w.in_channels <= 4 && dims.in_w * dims.in_channels >= 4;
}

// The output positions (y, x)[0] and (y, x)[1] of a layer with narrow rows, as one pair of `out`.
void FillNarrowPair(const SparseConvLayer& w, const ConvDims& dims, const ConvParams& params,
                    const int8_t* input, const int32_t* y, const int32_t* x, uint32_t* out);

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_PAIR_TILE_BYTES_H_
