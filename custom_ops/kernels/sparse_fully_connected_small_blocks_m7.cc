// Blocks of less than four columns. Here the compiler's code is near the bound: unpacking the
// weights of a block takes as many instructions as its products.
#include "custom_ops/kernels/dsp_bytes.h"
#include "custom_ops/kernels/sparse_fully_connected_blocks.h"

namespace kws {
namespace {

// Four weights as two pairs in their order.
struct Pairs {
  uint32_t first, second;

  explicit Pairs(uint32_t bytes) {
    const uint32_t even = ExtendEvenBytes(bytes), odd = ExtendOddBytes(bytes);
    first = PackLowHalves(even, odd);
    second = PackHighHalves(even, odd);
  }
};

inline int32_t MultiplyAdd(int32_t a, int32_t b, int32_t sum) {
  return static_cast<int32_t>(static_cast<uint32_t>(sum) + static_cast<uint32_t>(a * b));
}

}  // namespace

template <typename Index>
void RunningSums1x2(const Index* indices, const int8_t* values, const uint32_t* input,
                    uint32_t count, int32_t* sums) {
  int32_t sum = 0;
#pragma GCC unroll 2
  for (uint32_t pairs = count / 2; pairs != 0; --pairs, indices += 2, values += 4, sums += 2) {
    const Pairs weights(LoadWord(values));
    const uint32_t x = input[indices[0]], y = input[indices[1]];
    sum = MultiplyAccumulateDual(x, weights.first, sum);
    sums[0] = sum;
    sum = MultiplyAccumulateDual(y, weights.second, sum);
    sums[1] = sum;
  }
  if (count % 2 != 0) {
    *sums = MultiplyAccumulateDual(input[*indices], Pairs(LoadHalf(values)).first, sum);
  }
}

template <typename Index>
void BlockRows2x2(const BlockSparseConv& weights, const uint32_t* input, int32_t* sums) {
  const Index* index = reinterpret_cast<const Index*>(weights.indices);
  const int8_t* values = weights.values;
  for (int32_t row = 0; row < weights.block_rows; ++row, sums += 2) {
    const Index* const end =
        reinterpret_cast<const Index*>(weights.indices) + weights.row_offsets[row + 1];
    int32_t a = 0, b = 0;
#pragma GCC unroll 2
    for (; index != end; ++index, values += 4) {
      const Pairs pairs(LoadWord(values));
      const uint32_t x = input[*index];
      a = MultiplyAccumulateDual(x, pairs.first, a);
      b = MultiplyAccumulateDual(x, pairs.second, b);
    }
    sums[0] = a;
    sums[1] = b;
  }
}

template <typename Index>
void BlockRows4x1(const BlockSparseConv& weights, const uint32_t* input, int32_t* sums) {
  const int16_t* const inputs = reinterpret_cast<const int16_t*>(input);
  const Index* index = reinterpret_cast<const Index*>(weights.indices);
  const int8_t* values = weights.values;
  for (int32_t row = 0; row < weights.block_rows; ++row, sums += 4) {
    const Index* const end =
        reinterpret_cast<const Index*>(weights.indices) + weights.row_offsets[row + 1];
    int32_t local[4] = {};
#pragma GCC unroll 2
    for (; index != end; ++index, values += 4) {
      const uint32_t bytes = LoadWord(values);
      const uint32_t even = ExtendEvenBytes(bytes), odd = ExtendOddBytes(bytes);
      const int32_t x = inputs[*index];
      local[0] = MultiplyAdd(x, LowHalf(even), local[0]);
      local[1] = MultiplyAdd(x, LowHalf(odd), local[1]);
      local[2] = MultiplyAdd(x, HighHalf(even), local[2]);
      local[3] = MultiplyAdd(x, HighHalf(odd), local[3]);
    }
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) sums[r] = local[r];
  }
}

#define KWS_INSTANTIATE(Index)                                                                    \
  template void RunningSums1x2(const Index*, const int8_t*, const uint32_t*, uint32_t, int32_t*); \
  template void BlockRows2x2<Index>(const BlockSparseConv&, const uint32_t*, int32_t*);           \
  template void BlockRows4x1<Index>(const BlockSparseConv&, const uint32_t*, int32_t*);
KWS_INSTANTIATE(uint8_t)
KWS_INSTANTIATE(uint16_t)
#undef KWS_INSTANTIATE

}  // namespace kws
