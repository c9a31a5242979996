// RunPlaneGroup in C++: the host's, and what the assembly of depthwise_planes_m7.cc does.
#include "custom_ops/kernels/depthwise_planes.h"
#include "custom_ops/kernels/dsp.h"

#if !KWS_DSP_NATIVE

namespace kws {
namespace {

struct Pair {
  int32_t first, second;
};

// Adds one column: u and l of the two row pairs, `w` the channel's weights.
inline void AddColumn(PlaneRows rows, const uint32_t* w, int32_t x, uint32_t u, uint32_t l,
                      Pair* sums) {
  switch (rows) {
    case PlaneRows::kAll: {
      const uint32_t a = w[2 * x];
      const uint32_t b = w[2 * x + 1];
      sums->first = MultiplyAccumulateDual(u, a, sums->first) + LowHalf(l) * HighHalf(b);
      sums->second = MultiplyAccumulateDual(l, b, sums->second) + HighHalf(u) * LowHalf(a);
      break;
    }
    case PlaneRows::kUpper:
      sums->first = MultiplyAccumulateDual(u, w[x], sums->first);
      sums->second += HighHalf(u) * LowHalf(w[x]) + LowHalf(l) * HighHalf(w[x]);
      break;
    case PlaneRows::kLower:
      sums->first += HighHalf(u) * LowHalf(w[x]) + LowHalf(l) * HighHalf(w[x]);
      sums->second = MultiplyAccumulateDual(l, w[x], sums->second);
      break;
    case PlaneRows::kFirst:
      sums->first += LowHalf(u) * LowHalf(w[x]);
      sums->second += HighHalf(u) * LowHalf(w[x]);
      break;
    case PlaneRows::kLast:
      sums->first += LowHalf(l) * LowHalf(w[x]);
      sums->second += HighHalf(l) * LowHalf(w[x]);
      break;
  }
}

}  // namespace

void RunPlaneGroup(const PlaneQuad& quad, const uint32_t* planes, int32_t pairs, int32_t out_w,
                   uint32_t* stage) {
  for (int32_t i = 0; i < kPlaneQuad; ++i, planes += kPlaneSlots) {
    const PlaneChannel& channel = quad.channels[i];
    FastRequantizer requantize(channel.multiplier, channel.right_and_count & 0xFF, 0);
    requantize.offset = channel.offset;
    int8_t* output = reinterpret_cast<int8_t*>(stage) + i;
    for (int32_t pair = 0; pair < pairs; ++pair) {
      for (int32_t x = 0; x < out_w; ++x, output += 2 * kPlaneQuad) {
        Pair sums = {channel.bias, channel.bias};
        for (int32_t tap = 0; tap < kPlaneTaps; ++tap) {
          const uint32_t* const words = planes + kColumnWords * (x + tap) + pair;
          AddColumn(quad.rows[i], channel.weights, tap, words[0], words[1], &sums);
        }
        output[0] = static_cast<int8_t>(requantize.Doubled(sums.first));
        output[kPlaneQuad] = static_cast<int8_t>(requantize.Doubled(sums.second));
      }
    }
  }
}

}  // namespace kws

#endif  // !KWS_DSP_NATIVE
