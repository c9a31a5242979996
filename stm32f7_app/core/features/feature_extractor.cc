#include "stm32f7_app/core/features/feature_extractor.h"

#include <cstring>

#include "stm32f7_app/core/features/fixed_point.h"
#include "stm32f7_app/core/features/log_mel.h"
#include "stm32f7_app/core/features/real_fft.h"

namespace kws {
namespace {

// Left shift, at most 15, after which the largest sample fills 16 bits; less where log_offset,
// which is shifted by twice as much, would pass 2^62.
int32_t NormalisingShift(const FeatureTables& tables, const int16_t* samples) {
  uint32_t magnitude_bits = 0;
  for (int32_t i = 0; i < tables.window_length; ++i) {
    const int32_t sample = samples[i];
    magnitude_bits |= static_cast<uint32_t>(sample ^ (sample >> 31));
  }
  const int32_t shift = magnitude_bits == 0 ? 15 : __builtin_clz(magnitude_bits) - 17;
  const int32_t limit = __builtin_clzll(tables.log_offset) / 2 - 1;
  return shift < limit ? shift : limit;
}

inline int32_t Windowed(int16_t sample, int32_t left_shift, int32_t window) {
  const uint32_t word = static_cast<uint32_t>(static_cast<int32_t>(sample)) << left_shift;
  return MulHigh(static_cast<int32_t>(word), window);
}

// Even samples become real parts, odd ones imaginary parts, zeros follow, all in the FFT's input
// order.
void WindowAndPermute(const FeatureTables& tables, const int16_t* samples, int32_t normalisation,
                      int32_t* z) {
  const int32_t pairs = tables.window_length / 2;
  const int32_t left_shift = 16 + normalisation;
  const uint16_t* slot = tables.permutation;
  const int32_t* window = tables.window;
  for (int32_t n = 0; n < pairs; ++n, samples += 2, window += 2, ++slot) {
    int32_t* const out = z + 2 * *slot;
    out[0] = Windowed(samples[0], left_shift, window[0]);
    out[1] = Windowed(samples[1], left_shift, window[1]);
  }
  int32_t filled = pairs;
  if (tables.window_length % 2 != 0) {
    int32_t* const out = z + 2 * *slot++;
    out[0] = Windowed(samples[0], left_shift, window[0]);
    out[1] = 0;
    ++filled;
  }
  for (; filled < tables.n_fft / 2; ++filled, ++slot) {
    z[2 * *slot] = 0;
    z[2 * *slot + 1] = 0;
  }
}

}  // namespace

void ComputeFeatureColumn(const FeatureTables& tables, const int16_t* samples, int32_t* buffer,
                          int16_t* column) {
  int32_t* const spectrum = buffer;
  int32_t* const log_mel = buffer + tables.n_fft;
  const int32_t normalisation = NormalisingShift(tables, samples);
  WindowAndPermute(tables, samples, normalisation, spectrum);
  ComplexFft(tables, spectrum);
  PowerSpectrum(tables, spectrum);
  LogMel(tables, spectrum, normalisation, log_mel);
  FeaturesFromLogMel(tables, log_mel, column);
}

FeatureExtractor::FeatureExtractor(const FeatureTables& tables, void* workspace,
                                   std::size_t workspace_bytes)
    : tables_(tables) {
  const bool aligned =
      reinterpret_cast<std::uintptr_t>(workspace) % kFeatureWorkspaceAlignment == 0;
  if (workspace == nullptr || !aligned || workspace_bytes < FeatureWorkspaceBytes(tables)) return;
  buffer_ = static_cast<int32_t*>(workspace);
  history_ = reinterpret_cast<int16_t*>(buffer_ + tables.n_fft + tables.n_mels);
}

bool FeatureExtractor::PushHop(const int16_t* hop_samples, int16_t* column) {
  if (!ok()) return false;
  const int32_t hop = tables_.hop_length;
  std::memcpy(history_ + n_history_, hop_samples, static_cast<std::size_t>(hop) * sizeof(int16_t));
  n_history_ += hop;
  if (n_history_ < tables_.window_length) return false;
  ComputeFeatureColumn(tables_, history_, buffer_, column);
  n_history_ -= hop;
  std::memmove(history_, history_ + hop, static_cast<std::size_t>(n_history_) * sizeof(int16_t));
  return true;
}

int32_t FeatureExtractor::ComputeClip(const int16_t* samples, int32_t n_samples, int16_t* columns) {
  if (!ok()) return 0;
  const int32_t n_columns = FeatureColumns(tables_, n_samples);
  for (int32_t i = 0; i < n_columns; ++i) {
    ComputeFeatureColumn(tables_, samples, buffer_, columns);
    samples += tables_.hop_length;
    columns += tables_.n_features;
  }
  return n_columns;
}

}  // namespace kws
