// RunRowBlocks in C++: the host's, and what the assembly of depthwise_rows_m7.cc does; and the
// general requantisation, which has no other.
#include "custom_ops/kernels/depthwise_rows.h"
#include "custom_ops/kernels/dsp.h"
#include "custom_ops/kernels/requantize.h"

namespace kws {
namespace {

constexpr int32_t kWord = sizeof(uint32_t);

const RowQuad& QuadOf(const RowCall& call, int32_t q) {
  const uint32_t* const first = reinterpret_cast<const uint32_t*>(call.quad);
  return *reinterpret_cast<const RowQuad*>(first + q * call.pitch);
}

// The sum of one output of a channel of quad `q`.
int32_t SumOf(const RowCall& call, int32_t q, int32_t channel, int32_t position) {
  const int32_t phases = call.stride == 1 ? 2 : 1;
  const bool even = position % phases == 0;
  const RowQuad& quad = QuadOf(call, q);
  const uint32_t* weights = reinterpret_cast<const uint32_t*>(&quad + 1) +
                            call.quad->first_row / kWord + channel +
                            (phases == 2 && even ? kPlaneQuad : 0);
  const uint32_t* plane = call.planes + q * call.pitch + channel + position / phases * kPlaneQuad;
  int32_t sum = quad.bias[channel];
  for (int32_t y = 0; y < call.quad->kernel_rows; ++y) {
    for (int32_t s = 0; s < call.steps; ++s) {
      const uint32_t word = plane[s * kPlaneQuad];
      sum = MultiplyAccumulateDual(word, weights[s * phases * kPlaneQuad], sum);
    }
    weights += call.quad->weight_row / kWord;
    plane += call.quad->plane_row / kWord;
  }
  return sum;
}

// Calls store(quad, its channel, sum, output) for whole blocks.
template <typename Store>
void ForEachOutput(const RowCall& call, const Store& store) {
  for (int32_t q = 0; q < call.quads; ++q) {
    int8_t* output = reinterpret_cast<int8_t*>(call.stage + q * call.pitch);
    for (int32_t position = 0; position < call.blocks * kRowBlock; ++position) {
      for (int32_t i = 0; i < kPlaneQuad; ++i) {
        store(QuadOf(call, q), i, SumOf(call, q, i, position), output++);
      }
    }
  }
}

}  // namespace

void RunRowBlocksWide(const RowCall& call, int32_t zero_point) {
  ForEachOutput(call, [&](const RowQuad& quad, int32_t i, int32_t sum, int8_t* output) {
    const int32_t scaled = MultiplyByQuantizedMultiplier(sum, quad.multiplier[i], -quad.right[i]);
    const uint32_t shifted = static_cast<uint32_t>(scaled) + static_cast<uint32_t>(zero_point);
    *output = static_cast<int8_t>(Clamp(static_cast<int32_t>(shifted), INT8_MIN, INT8_MAX));
  });
}

#if !KWS_DSP_NATIVE

void RunRowBlocks(const RowCall& call) {
  ForEachOutput(call, [&](const RowQuad& quad, int32_t i, int32_t sum, int8_t* output) {
    FastRequantizer requantize(quad.multiplier[i], quad.right[i], 0);
    requantize.offset = quad.offset[i];
    *output = static_cast<int8_t>(requantize.Doubled(sum));
  });
}

#endif  // !KWS_DSP_NATIVE

}  // namespace kws
