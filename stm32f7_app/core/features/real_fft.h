// Power spectrum of a real frame: complex FFT of half the length, then the split into even and odd
// samples.
#ifndef KWS_STM32F7_APP_CORE_FEATURES_REAL_FFT_H_
#define KWS_STM32F7_APP_CORE_FEATURES_REAL_FFT_H_

#include <cstdint>

#include "stm32f7_app/core/features/feature_tables.h"

namespace kws {

// In-place complex FFT of n_fft / 2 points, decimation in time, radix 4 (one radix-2 stage first
// when log2 is odd). `z` holds interleaved (re, im), stored through tables.permutation; the result
// is in natural order. Result = DFT * 2^growth / (n_fft / 2), growth as in FeatureTables::window.
// No overflow for inputs of magnitude |sample * window| that the tables give.
void ComplexFft(const FeatureTables& tables, int32_t* z);

// Replaces the complex FFT in `z` by the power |X[k]|^2 of the real frame's spectrum, for the bins
// of the mel filters: the uint64 power of bin k is in z[2k] (low word) and z[2k + 1] (high word). X
// = DFT of the n_fft windowed samples, scaled like the result of ComplexFft. Bins 0 and n_fft / 2
// are not written.
void PowerSpectrum(const FeatureTables& tables, int32_t* z);

}  // namespace kws

#endif  // KWS_STM32F7_APP_CORE_FEATURES_REAL_FFT_H_
