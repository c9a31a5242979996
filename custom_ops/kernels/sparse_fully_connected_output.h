// Last step of the sparse FULLY_CONNECTED kernels: sums without bias -> int8 outputs.
#ifndef CUSTOM_OPS_KERNELS_SPARSE_FULLY_CONNECTED_OUTPUT_H_
#define CUSTOM_OPS_KERNELS_SPARSE_FULLY_CONNECTED_OUTPUT_H_

#include <cstdint>

#include "custom_ops/kernels/dsp_bytes.h"
#include "custom_ops/kernels/requantize.h"
#include "custom_ops/kernels/sparse_fully_connected.h"

namespace kws {

struct FullyConnectedOutput {
  const SparseConvLayer& layer;
  const FullyConnectedScale& scale;
  const int32_t* bias;
  int32_t zero_point;
  int8_t* output;  // [units] of one batch

  // All units from their sums. One sum more is read.
  void Store(const int32_t* sums) const {
    if (scale.kind == FullyConnectedScale::Kind::kOne) return StoreOne(sums);
    if (scale.kind == FullyConnectedScale::Kind::kNarrow) return StoreNarrow(sums);
    StoreGeneral(sums);
  }

  // Units first to last - 1; the sum of unit u is sums[offsets[u + 1]] - sums[offsets[u]], where
  // sums[offsets[first]] is meant to be the first of `sums`.
  void StoreDifferences(int32_t first, int32_t last, const uint32_t* offsets,
                        const int32_t* sums) const {
    if (first == last) return;
    if (scale.kind == FullyConnectedScale::Kind::kOne) {
      DifferencesOne(first, last, offsets, sums);
    } else if (scale.kind == FullyConnectedScale::Kind::kNarrow) {
      DifferencesNarrow(first, last, offsets, sums);
    } else {
      DifferencesGeneral(first, last, offsets, sums);
    }
  }

 private:
  // One kind each.
  void StoreGeneral(const int32_t* sums) const;
  void StoreOne(const int32_t* sums) const;
  void StoreNarrow(const int32_t* sums) const;
  void DifferencesGeneral(int32_t first, int32_t last, const uint32_t* offsets,
                          const int32_t* sums) const;
  void DifferencesOne(int32_t first, int32_t last, const uint32_t* offsets,
                      const int32_t* sums) const;
  void DifferencesNarrow(int32_t first, int32_t last, const uint32_t* offsets,
                         const int32_t* sums) const;

  // FastRequantizer with its constants made where they are used: shift = -right, and with
  // odd = 2 * zero_point + 1 half + zero_point * 2^right = odd * 2^(right - 1).
  static int8_t Narrow(int32_t multiplier, int32_t shift, int32_t sum, int32_t odd) {
    const int32_t right = ~shift;  // less one
    const int32_t offset = static_cast<int32_t>(static_cast<uint32_t>(odd) << right) + (sum >> 31);
    const int32_t scaled = MultiplyHighRoundedAdd(sum * 2, multiplier, offset);
    return static_cast<int8_t>(SaturateInt8(scaled >> right >> 1));
  }

  // Not inlined: the rare case.
  [[gnu::noinline]] int8_t RequantizeWide(int32_t unit, int32_t sum) const {
    const uint32_t biased = static_cast<uint32_t>(sum) + static_cast<uint32_t>(bias[unit]);
    const int32_t scaled = MultiplyByQuantizedMultiplier(
        static_cast<int32_t>(biased), layer.multipliers[unit], layer.shifts[unit]);
    const uint32_t shifted = static_cast<uint32_t>(scaled) + static_cast<uint32_t>(zero_point);
    return static_cast<int8_t>(
        Clamp(static_cast<int32_t>(shifted), layer.activation_min, layer.activation_max));
  }
};

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_SPARSE_FULLY_CONNECTED_OUTPUT_H_
