// The acoustic front end: int16 samples in, Q7.8 feature columns out. One source for host and
// target.
//
// A column is: periodic Hann window -> real FFT -> power -> triangular mel filters -> ln(. +
// log_offset)
// -> (mfcc) orthonormal DCT-II. Integer arithmetic only, no allocation. The float definition is
// `kws_tflm/features/reference.py`; number formats are in docs/features.md.
#ifndef KWS_STM32F7_APP_CORE_FEATURES_FEATURE_EXTRACTOR_H_
#define KWS_STM32F7_APP_CORE_FEATURES_FEATURE_EXTRACTOR_H_

#include <cstddef>
#include <cstdint>

#include "stm32f7_app/core/features/feature_tables.h"

namespace kws {

// Columns that `n_samples` give: column i covers samples [i * hop_length, i * hop_length +
// window_length).
constexpr int32_t FeatureColumns(const FeatureTables& tables, int32_t n_samples) {
  return n_samples < tables.window_length
             ? 0
             : 1 + (n_samples - tables.window_length) / tables.hop_length;
}

// One column from one window. samples: [window_length]. buffer: n_fft + n_mels int32, overwritten.
// column: [n_features], Q7.8, saturated.
void ComputeFeatureColumn(const FeatureTables& tables, const int16_t* samples, int32_t* buffer,
                          int16_t* column);

// Features of samples as they arrive, and of whole clips: equal values for equal samples.
class FeatureExtractor {
 public:
  // Keeps both references. workspace: FeatureWorkspaceBytes(tables) bytes, aligned to
  // kFeatureWorkspaceAlignment; used until the object is gone.
  FeatureExtractor(const FeatureTables& tables, void* workspace, std::size_t workspace_bytes);

  // False when the workspace is too small or misaligned; then nothing is ever computed.
  bool ok() const { return buffer_ != nullptr; }

  // Forgets all samples.
  void Reset() { n_history_ = 0; }

  // Takes hop_length samples. True when they complete a window: column i is written by the push
  // that brings its last sample. column: [n_features], untouched when the result is false.
  bool PushHop(const int16_t* hop_samples, int16_t* column);

  // All columns of a clip, independent of the stream's state. columns:
  // [FeatureColumns(tables, n_samples)][n_features]. Returns the number of columns.
  int32_t ComputeClip(const int16_t* samples, int32_t n_samples, int16_t* columns);

 private:
  const FeatureTables& tables_;
  int32_t* buffer_ = nullptr;   // n_fft + n_mels
  int16_t* history_ = nullptr;  // window_length + hop_length - 1, oldest first
  int32_t n_history_ = 0;       // below window_length between pushes
};

}  // namespace kws

#endif  // KWS_STM32F7_APP_CORE_FEATURES_FEATURE_EXTRACTOR_H_
