// The row kernels in C++: what the assembly beside each of them does, for the host and the reader.
#ifndef CUSTOM_OPS_KERNELS_SPARSE_CONV2D_BLOCK_TWIN_H_
#define CUSTOM_OPS_KERNELS_SPARSE_CONV2D_BLOCK_TWIN_H_

#include "custom_ops/kernels/dsp.h"
#include "custom_ops/kernels/requantize.h"
#include "custom_ops/kernels/sparse_conv2d_block_rows.h"

namespace kws {

// One row of a block, columns 0 to kIn - 1, against one lane.
template <int32_t kIn>
int32_t MultiplyBlockRow(const int8_t* values, const uint32_t* columns, int32_t sum) {
  if (kIn == 4) {
    const uint32_t bytes = LoadWord(values);
    sum = MultiplyAccumulateDual(columns[0], ExtendEvenBytes(bytes), sum);
    return MultiplyAccumulateDual(columns[kTile], ExtendOddBytes(bytes), sum);
  }
  if (kIn == 2) return MultiplyAccumulateDual(columns[0], PackHalves(values[0], values[1]), sum);
  return sum + *reinterpret_cast<const int16_t*>(columns) * values[0];
}

template <int32_t kOut, int32_t kIn, int32_t kLanes>
int32_t RunRowsTwin(const BlockTile& tile, int32_t lane, int32_t row) {
  const BlockSparseConv& w = *tile.layer.weights;
  const ChannelPlan* plan = reinterpret_cast<const ChannelPlan*>(tile.layer.plan) + row * kOut;
  const int16_t* halves = reinterpret_cast<const int16_t*>(tile.words);
  constexpr int32_t kLaneHalves = kIn == 1 ? 1 : 2;
  for (; plan->right() != 0; ++row, plan += kOut) {
    int32_t sums[kOut][kLanes];
    for (int32_t r = 0; r < kOut; ++r) {
      for (int32_t i = 0; i < kLanes; ++i) sums[r][i] = plan[r].doubled_bias;
    }
    const int8_t* values = w.values + w.row_offsets[row] * (kOut * kIn);
    for (uint32_t b = w.row_offsets[row]; b < w.row_offsets[row + 1]; ++b) {
      const int16_t* columns = halves + w.index(b) * (kIn * kTile) + lane * kLaneHalves;
      for (int32_t r = 0; r < kOut; ++r, values += kIn) {
        for (int32_t i = 0; i < kLanes; ++i) {
          const int16_t* column = columns + i * kLaneHalves;
          sums[r][i] =
              MultiplyBlockRow<kIn>(values, reinterpret_cast<const uint32_t*>(column), sums[r][i]);
        }
      }
    }
    for (int32_t r = 0; r < kOut; ++r) {
      int8_t* output = tile.output + lane * w.out_channels + row * kOut + r;
      for (int32_t i = 0; i < kLanes; ++i, output += w.out_channels) {
        const int32_t offset = plan[r].offset + (sums[r][i] >> 31);
        const int32_t high = MultiplyHighRoundedAdd(sums[r][i], plan[r].multiplier, offset);
        *output = static_cast<int8_t>(SaturateInt8(high >> plan[r].right()));
      }
    }
  }
  return row;
}

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_SPARSE_CONV2D_BLOCK_TWIN_H_
