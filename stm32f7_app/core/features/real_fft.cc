#include "stm32f7_app/core/features/real_fft.h"

#include "stm32f7_app/core/features/fixed_point.h"

namespace kws {
namespace {

struct Complex {
  int32_t re;
  int32_t im;
};

inline Complex Load(const int32_t* z) { return {z[0], z[1]}; }

inline void Store(int32_t* z, int32_t re, int32_t im) {
  z[0] = re;
  z[1] = im;
}

// a * w / 2, w in Q31.
inline Complex HalfProduct(Complex a, Complex w) {
  return {MulHighSub(MulHigh(a.re, w.re), a.im, w.im), MulHighAdd(MulHigh(a.re, w.im), a.im, w.re)};
}

// 4-point DFT of (a, b, c, d), not scaled.
inline void Dft4(Complex a, Complex b, Complex c, Complex d, int32_t* z0, int32_t* z1, int32_t* z2,
                 int32_t* z3) {
  const Complex even_sum = {a.re + c.re, a.im + c.im};
  const Complex even_difference = {a.re - c.re, a.im - c.im};
  const Complex odd_sum = {b.re + d.re, b.im + d.im};
  const Complex odd_difference = {b.re - d.re, b.im - d.im};
  Store(z0, even_sum.re + odd_sum.re, even_sum.im + odd_sum.im);
  Store(z1, even_difference.re + odd_difference.im, even_difference.im - odd_difference.re);
  Store(z2, even_sum.re - odd_sum.re, even_sum.im - odd_sum.im);
  Store(z3, even_difference.re - odd_difference.im, even_difference.im + odd_difference.re);
}

// First stage, no twiddles: gain 4.
void FirstStageRadix4(int32_t* z, int32_t points) {
  for (int32_t* const end = z + 2 * points; z != end; z += 8) {
    Dft4(Load(z), Load(z + 2), Load(z + 4), Load(z + 6), z, z + 2, z + 4, z + 6);
  }
}

// First stage, no twiddles: gain 2.
void FirstStageRadix2(int32_t* z, int32_t points) {
  for (int32_t* const end = z + 2 * points; z != end; z += 4) {
    const Complex a = Load(z);
    const Complex b = Load(z + 2);
    Store(z, a.re + b.re, a.im + b.im);
    Store(z + 2, a.re - b.re, a.im - b.im);
  }
}

// Joins groups of four DFTs of `span` points. Gain 4, halved: the Q31 product gives the half for b,
// c and d, a shift folded into the addition for a.
void StageRadix4(int32_t* z, int32_t points, int32_t span, const int32_t* twiddles) {
  const int32_t stride = 2 * span;
  int32_t* const end = z + 2 * points;
  for (; z != end; z += 4 * stride) {
    const int32_t* w = twiddles;
    int32_t* z0 = z;
    int32_t* z1 = z0 + stride;
    int32_t* z2 = z1 + stride;
    int32_t* z3 = z2 + stride;
    int32_t* const group_end = z1;
    while (z0 != group_end) {
      const Complex c = HalfProduct(Load(z2), Load(w + 2));
      const Complex b = HalfProduct(Load(z1), Load(w));
      const Complex d = HalfProduct(Load(z3), Load(w + 4));
      const Complex a = Load(z0);
      Dft4({a.re >> 1, a.im >> 1}, b, c, d, z0, z1, z2, z3);
      z0 += 2;
      z1 += 2;
      z2 += 2;
      z3 += 2;
      w += 6;
    }
  }
}

inline void StorePower(int32_t* slot, int32_t re, int32_t im) {
  const uint64_t power =
      static_cast<uint64_t>(static_cast<int64_t>(re) * re + static_cast<int64_t>(im) * im);
  slot[0] = static_cast<int32_t>(static_cast<uint32_t>(power));
  slot[1] = static_cast<int32_t>(static_cast<uint32_t>(power >> 32));
}

// Halves of the even samples' spectrum (re, im) and of W times the odd samples' one.
struct EvenOdd {
  Complex even;
  Complex odd;
};

// With Z = FFT of x[2n] + i x[2n+1]: 2E = Z[k] + conj Z[half-k], 2iO = Z[k] - conj Z[half-k],
// X[k] = E + W^k O and conj X[half-k] = E - W^k O  (Sorensen et al. 1987, "Real-valued FFT
// algorithms").
inline EvenOdd Split(Complex z, Complex mirror, const int32_t* cos_sin) {
  const int32_t cosine = cos_sin[0];
  const int32_t sine = cos_sin[1];
  const int32_t re_difference = z.re - mirror.re;
  const int32_t im_sum = z.im + mirror.im;
  return {{(z.re + mirror.re) >> 1, (z.im - mirror.im) >> 1},
          {MulHighSub(MulHigh(im_sum, cosine), re_difference, sine),
           MulHighSub(MulHighSub(0, re_difference, cosine), im_sum, sine)}};
}

}  // namespace

void ComplexFft(const FeatureTables& tables, int32_t* z) {
  const int32_t points = tables.n_fft / 2;
  int32_t span = 4;
  if ((points & 0x55555555) != 0) {  // a power of four
    FirstStageRadix4(z, points);
  } else {
    FirstStageRadix2(z, points);
    span = 2;
  }
  for (const int32_t* twiddles = tables.fft_twiddles; span < points; span *= 4) {
    StageRadix4(z, points, span, twiddles);
    twiddles += 6 * span;
  }
}

void PowerSpectrum(const FeatureTables& tables, int32_t* z) {
  const int32_t half = tables.n_fft / 2;
  const int32_t bin_end = tables.mel_segments[tables.n_mels + 1];
  const int32_t* cos_sin = tables.unpack_twiddles + 2;
  int32_t k = 1;
  // Bins whose mirror lies above the highest filter.
  for (; k < bin_end && k <= half - bin_end; ++k, cos_sin += 2) {
    const EvenOdd s = Split(Load(z + 2 * k), Load(z + 2 * (half - k)), cos_sin);
    StorePower(z + 2 * k, s.even.re + s.odd.re, s.even.im + s.odd.im);
  }
  for (; k <= half / 2 && half - k < bin_end; ++k, cos_sin += 2) {
    const EvenOdd s = Split(Load(z + 2 * k), Load(z + 2 * (half - k)), cos_sin);
    StorePower(z + 2 * k, s.even.re + s.odd.re, s.even.im + s.odd.im);
    StorePower(z + 2 * (half - k), s.even.re - s.odd.re, s.even.im - s.odd.im);
  }
}

}  // namespace kws
