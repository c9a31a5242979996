#include "custom_ops/kernels/pair_tile.h"
#include "custom_ops/kernels/pair_tile_bytes.h"

namespace kws {
namespace {

// `n` taps of a kernel row for which each of two positions is inside the input row (then its column
// at the first of them) or beside it.
struct Segment {
  static constexpr int32_t kBeside = -1;
  int32_t n;
  int32_t low, high;
};

// All taps of a kernel row: both positions enter and leave the input at most once.
struct Segments {
  static constexpr int32_t kMost = 5;
  Segment at[kMost];
  int32_t count;
};

struct Filler {
  const SparseConvLayer& w;
  const ConvDims& dims;
  const ConvParams& params;
  const int8_t* input;
  uint32_t minus_zero_points;  // in both fields

  // `n` columns of a pair from `out` on, both positions inside the input.
  void Copy(const int8_t* first, const int8_t* second, int32_t n, uint32_t* out) const {
#if KWS_DSP_NATIVE
    if (n >= 4) out = CopyQuads(&first, &second, n / 4, out);
    n %= 4;
#else
    for (; n >= 4; n -= 4, first += 4, second += 4, out += 4 * kPairs) {
      const uint32_t a = LoadWord(first);
      const uint32_t b = LoadWord(second);
      out[0] = PairOfBytes<0>(minus_zero_points, a, b);
      out[kPairs] = PairOfBytes<1>(minus_zero_points, a, b);
      out[2 * kPairs] = PairOfBytes<2>(minus_zero_points, a, b);
      out[3 * kPairs] = PairOfBytes<3>(minus_zero_points, a, b);
    }
#endif
    for (int32_t i = 0; i < n; ++i, out += kPairs) {
      const uint32_t low = static_cast<uint32_t>(int32_t{first[i]});
      const uint32_t high = static_cast<uint32_t>(int32_t{second[i]});
      *out = minus_zero_points + low + (high << kPairFieldBits);
    }
  }

#if KWS_DSP_NATIVE
  // The same for 4 * `quads` columns, at least 4; returns what follows `out`.
  uint32_t* CopyQuads(const int8_t** first, const int8_t** second, int32_t quads,
                      uint32_t* out) const {
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
        : [first] "+r"(*first), [second] "+r"(*second), [n] "+r"(quads), [out] "+r"(out),
          [a] "=&r"(a), [b] "=&r"(b), [x] "=&r"(x), [y] "=&r"(y), [u] "=&r"(u), [v] "=&r"(v)
        : [minus] "r"(minus_zero_points)
        : "cc", "memory");
    // clang-format on
    return out;
  }
#endif

  // The same with one position only, in `field`.
  void CopyOne(const int8_t* source, int32_t field, int32_t n, uint32_t* out) const {
    const uint32_t minus = static_cast<uint32_t>(-params.input_zero_point) << field;
    for (int32_t i = 0; i < n; ++i, out += kPairs) {
      *out = (static_cast<uint32_t>(int32_t{source[i]}) << field) + minus;
    }
  }

  // `taps` taps side by side from input columns `x[0]` and `x[1]` on.
  Segments SegmentsOf(const int32_t* x, int32_t taps) const {
    Segments result;
    result.count = 0;
    for (int32_t tap = 0; tap < taps;) {
      int32_t next = taps;
      int32_t place[2];
      for (int32_t i = 0; i < 2; ++i) {
        const int32_t in_x = x[i] + tap;
        place[i] = in_x >= 0 && in_x < dims.in_w ? in_x : Segment::kBeside;
        const int32_t edge = (in_x < 0 ? 0 : dims.in_w) - x[i];
        if (edge > tap && edge < next) next = edge;
      }
      result.at[result.count++] = {next - tap, place[0], place[1]};
      tap = next;
    }
    return result;
  }

  // One segment; the rows are nullptr above and below the input.
  void CopySegment(const Segment& s, const int8_t* first, const int8_t* second,
                   uint32_t* out) const {
    const int32_t columns = s.n * dims.in_channels;
    const bool low = first != nullptr && s.low != Segment::kBeside;
    const bool high = second != nullptr && s.high != Segment::kBeside;
    if (low && high) {
      Copy(first + s.low * dims.in_channels, second + s.high * dims.in_channels, columns, out);
    } else if (low) {
      CopyOne(first + s.low * dims.in_channels, 0, columns, out);
    } else if (high) {
      CopyOne(second + s.high * dims.in_channels, kPairFieldBits, columns, out);
    } else {
      for (int32_t i = 0; i < columns; ++i) out[i * kPairs] = 0;
    }
  }

  const int8_t* Row(int32_t in_y) const {
    if (in_y < 0 || in_y >= dims.in_h) return nullptr;
    return input + in_y * dims.in_w * dims.in_channels;
  }

  // The pair of output positions (y, x)[0] and (y, x)[1].
  void Fill(const int32_t* y, const int32_t* x, uint32_t* out) const {
    // Taps of a kernel row lie side by side in the input and in the tile, or are taken singly.
    const bool together = w.tap_pitch == w.in_channels && params.dilation_w == 1;
    const int32_t taps = together ? w.kernel_w : 1;
    const int32_t row_words = w.kernel_w * w.tap_pitch * kPairs;
    const int32_t top[2] = {y[0] * params.stride_h - params.pad_top,
                            y[1] * params.stride_h - params.pad_top};
    for (int32_t kx = 0; kx < w.kernel_w; kx += taps, out += w.in_channels * taps * kPairs) {
      const int32_t right = kx * params.dilation_w - params.pad_left;
      const int32_t left[2] = {x[0] * params.stride_w + right, x[1] * params.stride_w + right};
      const Segments segments = SegmentsOf(left, taps);
      uint32_t* row_out = out;
      for (int32_t ky = 0; ky < w.kernel_h; ++ky, row_out += row_words) {
        const int8_t* const first = Row(top[0] + ky * params.dilation_h);
        const int8_t* const second = Row(top[1] + ky * params.dilation_h);
        uint32_t* at = row_out;
        for (int32_t i = 0; i < segments.count; ++i) {
          CopySegment(segments.at[i], first, second, at);
          at += segments.at[i].n * w.in_channels * kPairs;
        }
      }
      if (w.tap_pitch > w.in_channels) out = ZeroPadding(row_words, out);
    }
  }

  // The padded channels of the tap at `out` in every kernel row; returns `out` moved on by them.
  uint32_t* ZeroPadding(int32_t row_words, uint32_t* out) const {
    const int32_t padding = w.tap_pitch - w.in_channels;
    uint32_t* const behind = out + w.in_channels * kPairs;
    for (int32_t ky = 0; ky < w.kernel_h; ++ky) {
      for (int32_t i = 0; i < padding; ++i) behind[ky * row_words + i * kPairs] = 0;
    }
    return out + padding * kPairs;
  }
};

}  // namespace

void FillPairTile(const SparseConvLayer& layer, const ConvDims& dims, const ConvParams& params,
                  const int8_t* input, int32_t first, uint32_t* tile) {
  const Filler filler = {layer, dims, params, input, MinusZeroPoints(params)};
  const bool narrow = HasNarrowRows(layer, dims);
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
    if (narrow) {
      FillNarrowPair(layer, dims, params, input, y, x, tile + pair);
    } else {
      filler.Fill(y, x, tile + pair);
    }
    y[0] = y[1];
    x[0] = x[1];
    next(&y[0], &x[0]);
  }
}

}  // namespace kws
