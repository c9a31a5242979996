#include "custom_ops/kernels/dsp.h"
#include "custom_ops/kernels/pair_tile.h"

namespace kws {
namespace {

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

// Consecutive channels of two positions; a step of 0 repeats four bytes.
struct Sources {
  const int8_t* first;
  const int8_t* second;
  int32_t first_step, second_step;
};

struct Filler {
  const SparseConvLayer& w;
  const ConvDims& dims;
  const ConvParams& params;
  const int8_t* input;
  int8_t zero_points[4];  // where the convolution pads
  uint32_t minus_zero_points;

  template <int kByte>
  uint32_t Pair(uint32_t first, uint32_t second) const {
    return AddByte<kByte>(minus_zero_points, first) + (AddByte<kByte>(0, second) << kPairFieldBits);
  }

  // `n` columns of one pair from `out` on.
  void Copy(Sources s, int32_t n, uint32_t* out) const {
#if KWS_DSP_NATIVE
    const int32_t quads = n / 4;
    if (s.first_step + s.second_step == 8 && quads > 0) {
      CopyQuads(&s, quads, out);
      out += 4 * quads * kPairs;
      n -= 4 * quads;
    }
#endif
    for (; n >= 4; n -= 4, out += 4 * kPairs) {
      const uint32_t first = LoadWord(s.first);
      const uint32_t second = LoadWord(s.second);
      s.first += s.first_step;
      s.second += s.second_step;
      out[0] = Pair<0>(first, second);
      out[kPairs] = Pair<1>(first, second);
      out[2 * kPairs] = Pair<2>(first, second);
      out[3 * kPairs] = Pair<3>(first, second);
    }
    for (int32_t i = 0; i < n; ++i, out += kPairs) {
      const uint32_t first = static_cast<uint32_t>(int32_t{s.first[i]});
      const uint32_t second = static_cast<uint32_t>(int32_t{s.second[i]});
      *out = minus_zero_points + first + (second << kPairFieldBits);
    }
  }

#if KWS_DSP_NATIVE
  // The loop of Copy over four columns, both positions inside the input; `quads` > 0.
  void CopyQuads(Sources* s, int32_t quads, uint32_t* out) const {
    uint32_t a, b, x, y, u, v;
    // clang-format off
    asm volatile(
        "1:\n"
        "ldr   %[a], [%[first]], #4\n"
        "ldr   %[b], [%[second]], #4\n"
        "subs  %[n], %[n], #1\n"
        "sxtab %[x], %[minus], %[a]\n"
        "sxtb  %[u], %[b]\n"
        "sxtab %[y], %[minus], %[a], ror #8\n"
        "sxtb  %[v], %[b], ror #8\n"
        "add   %[x], %[x], %[u], lsl #23\n"
        "sxtb  %[u], %[b], ror #16\n"
        "str   %[x], [%[out]], #16\n"
        "sxtab %[x], %[minus], %[a], ror #16\n"
        "asr   %[b], %[b], #24\n"
        "sxtab %[a], %[minus], %[a], ror #24\n"
        "add   %[y], %[y], %[v], lsl #23\n"
        "str   %[y], [%[out]], #16\n"
        "add   %[x], %[x], %[u], lsl #23\n"
        "str   %[x], [%[out]], #16\n"
        "add   %[a], %[a], %[b], lsl #23\n"
        "str   %[a], [%[out]], #16\n"
        "bne   1b\n"
        : [first] "+r"(s->first), [second] "+r"(s->second), [n] "+r"(quads), [out] "+r"(out),
          [a] "=&r"(a), [b] "=&r"(b), [x] "=&r"(x), [y] "=&r"(y), [u] "=&r"(u), [v] "=&r"(v)
        : [minus] "r"(minus_zero_points)
        : "cc", "memory");
    // clang-format on
  }
#endif

  const int8_t* Source(int32_t in_y, int32_t in_x, int32_t* step) const {
    const bool inside = in_y >= 0 && in_y < dims.in_h && in_x >= 0 && in_x < dims.in_w;
    *step = inside ? 4 : 0;
    return inside ? input + (in_y * dims.in_w + in_x) * dims.in_channels : zero_points;
  }

  // The pair of output positions (y, x)[0] and (y, x)[1].
  void Fill(const int32_t* y, const int32_t* x, uint32_t* out) const {
    const int32_t y0 = y[0] * params.stride_h - params.pad_top;
    const int32_t y1 = y[1] * params.stride_h - params.pad_top;
    const int32_t x0 = x[0] * params.stride_w - params.pad_left;
    const int32_t x1 = x[1] * params.stride_w - params.pad_left;
    // Taps of a kernel row lie side by side in the input when none is left out.
    const int32_t last = dims.in_w - w.kernel_w;
    const bool rows = w.kernel_w > 1 && w.tap_pitch == w.in_channels && params.dilation_w == 1 &&
                      x0 >= 0 && x1 >= 0 && x0 <= last && x1 <= last;
    const int32_t taps = rows ? 1 : w.kernel_w;
    const int32_t columns = rows ? w.kernel_w * w.in_channels : w.in_channels;
    for (int32_t ky = 0; ky < w.kernel_h; ++ky) {
      for (int32_t kx = 0; kx < taps; ++kx) {
        const int32_t down = ky * params.dilation_h;
        const int32_t right = kx * params.dilation_w;
        Sources s;
        s.first = Source(y0 + down, x0 + right, &s.first_step);
        s.second = Source(y1 + down, x1 + right, &s.second_step);
        Copy(s, columns, out);
        out += columns * kPairs;
        for (int32_t i = w.tap_pitch - w.in_channels; i > 0; --i, out += kPairs) *out = 0;
      }
    }
  }
};

}  // namespace

void FillPairTile(const SparseConvLayer& layer, const ConvDims& dims, const ConvParams& params,
                  const int8_t* input, int32_t first, uint32_t* tile) {
  const int8_t zero = static_cast<int8_t>(params.input_zero_point);
  const uint32_t minus = static_cast<uint32_t>(-params.input_zero_point);
  const Filler filler = {
      layer, dims, params, input, {zero, zero, zero, zero}, minus + (minus << kPairFieldBits)};
  const int32_t last = dims.out_h * dims.out_w - 1;
  int32_t y[2] = {first / dims.out_w, 0};
  int32_t x[2] = {first % dims.out_w, 0};
  int32_t position = first;
  const auto next = [&](int32_t* at_y, int32_t* at_x) {
    if (position >= last) return;
    ++position;
    if (++*at_x == dims.out_w) {
      *at_x = 0;
      ++*at_y;
    }
  };
  for (int32_t pair = 0; pair < kPairs; ++pair) {
    y[1] = y[0];
    x[1] = x[0];
    next(&y[1], &x[1]);
    filler.Fill(y, x, tile + pair);
    y[0] = y[1];
    x[0] = x[1];
    next(&y[0], &x[0]);
  }
}

}  // namespace kws
