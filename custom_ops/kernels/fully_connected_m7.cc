// Four units at a time, so that four input bytes are expanded once for sixteen products; the
// weights are read once whatever is done, so they are expanded where they are used.
#include "custom_ops/kernels/dsp_bytes.h"
#include "custom_ops/kernels/fully_connected.h"

namespace kws {
namespace {

constexpr int32_t kUnits = 4;

struct ZeroPoints {
  uint32_t input, filter;  // negated, in both halves
};

// Four input bytes against one unit's four weights.
inline int32_t MultiplyBytes(uint32_t even, uint32_t odd, uint32_t weights, uint32_t zero_points,
                             int32_t sum) {
  sum = MultiplyAccumulateDual(even, AddEvenBytes(zero_points, weights), sum);
  return MultiplyAccumulateDual(odd, AddOddBytes(zero_points, weights), sum);
}

// The last `left` (1 to 3) products of one unit: bytes that are not there count as zero points.
inline int32_t MultiplyTail(const int8_t* input, const int8_t* filter, int32_t left,
                            const FullyConnectedParams& params, int32_t sum) {
  for (int32_t i = 0; i < left; ++i) {
    sum += (input[i] - params.input_zero_point) * (filter[i] - params.filter_zero_point);
  }
  return sum;
}

// `kCount` units from the one at `filter`.
template <int32_t kCount>
void Accumulate(const FullyConnectedDims& dims, const FullyConnectedParams& params,
                const ZeroPoints& negated, const int8_t* input, const int8_t* filter,
                int32_t (&sums)[kUnits]) {
  int32_t local[kCount];
#pragma GCC unroll 4
  for (int32_t u = 0; u < kCount; ++u) local[u] = sums[u];
  const int8_t* const end = input + dims.depth / 4 * 4;
  for (; input != end; input += 4, filter += 4) {
    const uint32_t bytes = LoadWord(input);
    const uint32_t even = AddEvenBytes(negated.input, bytes);
    const uint32_t odd = AddOddBytes(negated.input, bytes);
#pragma GCC unroll 4
    for (int32_t u = 0; u < kCount; ++u) {
      const uint32_t weights = LoadWord(filter + u * dims.depth);
      local[u] = MultiplyBytes(even, odd, weights, negated.filter, local[u]);
    }
  }
#pragma GCC unroll 4
  for (int32_t u = 0; u < kCount; ++u) {
    sums[u] = MultiplyTail(input, filter + u * dims.depth, dims.depth % 4, params, local[u]);
  }
}

}  // namespace

void FullyConnectedM7(const FullyConnectedDims& dims, const FullyConnectedParams& params,
                      const int8_t* input, const int8_t* filter, const int32_t* bias,
                      int8_t* output) {
  const ZeroPoints negated = {PackHalves(-params.input_zero_point, -params.input_zero_point),
                              PackHalves(-params.filter_zero_point, -params.filter_zero_point)};
  const int32_t key = params.shift * (int32_t{1} << ChannelScales::kKeyBits);
  const ChannelRequantizer<false> requantize({&params.multiplier, &key, 0, 0, false}, 0);
  for (int32_t n = 0; n < dims.batches; ++n, input += dims.depth) {
    const int8_t* weights = filter;
    for (int32_t unit = 0; unit < dims.units; unit += kUnits, weights += kUnits * dims.depth) {
      const int32_t count = dims.units - unit < kUnits ? dims.units - unit : kUnits;
      int32_t sums[kUnits] = {};
      for (int32_t u = 0; bias != nullptr && u < count; ++u) sums[u] = bias[unit + u];
      if (count == kUnits) {
        Accumulate<kUnits>(dims, params, negated, input, weights, sums);
      } else {
        for (int32_t u = 0; u < count; ++u) {
          int32_t single[kUnits] = {sums[u]};
          Accumulate<1>(dims, params, negated, input, weights + u * dims.depth, single);
          sums[u] = single[0];
        }
      }
      for (int32_t u = 0; u < count; ++u) *output++ = requantize(sums[u], params.output);
    }
  }
}

}  // namespace kws
