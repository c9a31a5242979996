// Constant tables of the front end. `kws_tflm/features/tables.py` computes them from a
// FeatureConfig; the firmware links them from a generated source, the Python binding points them at
// numpy arrays.
#ifndef KWS_STM32F7_APP_CORE_FEATURES_FEATURE_TABLES_H_
#define KWS_STM32F7_APP_CORE_FEATURES_FEATURE_TABLES_H_

#include <cstddef>
#include <cstdint>

namespace kws {

// Fractional bits of a log-mel value inside the front end (int32) and of a feature (int16, Q7.8).
inline constexpr int kLogFractionBits = 16;
inline constexpr int kFeatureFractionBits = 8;
inline constexpr int kLogTableBits = 7;

// Sizes are in elements; `half` is n_fft / 2. The tables must outlive every user.
struct FeatureTables {
  int32_t window_length;
  int32_t hop_length;
  int32_t n_fft;  // 256, 512, 1024 or 2048
  int32_t n_mels;
  int32_t n_coefficients;  // 0: log-mel features, no DCT
  int32_t n_features;      // values in a column: n_coefficients, or n_mels for log-mel

  // Periodic Hann times 2^(31 - growth), growth = log2 of the largest gain of the FFT's butterflies
  // (5 for n_fft 512): the headroom of the whole transform is paid here, once. [window_length]
  const int32_t* window;
  // permutation[n] is where complex input n goes so that the FFT's output is in order. [half]
  const uint16_t* permutation;
  // For each radix-4 stage after the first, for each j: W^j, W^2j, W^3j as (cos, -sin) in Q31.
  const int32_t* fft_twiddles;
  // (cos, sin)(2 pi k / n_fft) in Q31 for k = 0 .. half / 2. [half / 2 + 1][2]
  const int32_t* unpack_twiddles;
  // FFT bins between mel band edges s and s + 1 are [mel_segments[s], mel_segments[s + 1]). [n_mels
  // + 2]
  const uint16_t* mel_segments;
  // For each of those bins its weight in the filter that rises over the segment, in Q32; the filter
  // that falls over it has one minus that. [mel_segments[n_mels + 1] - mel_segments[0]]
  const uint32_t* mel_rising;
  // ln(1 + i / 2^kLogTableBits) in Q16. [2^kLogTableBits + 1]
  const uint16_t* log_table;
  // Orthonormal DCT-II rows in Q15. [n_coefficients][n_mels]
  const int16_t* dct;

  // log_offset of the configuration in units of the power of a frame that was not normalised.
  uint64_t log_offset;
};

inline constexpr std::size_t kFeatureWorkspaceAlignment = 8;

// Bytes that FeatureExtractor needs: FFT buffer, log-mel vector, sample history.
constexpr std::size_t FeatureWorkspaceBytes(int32_t window_length, int32_t hop_length,
                                            int32_t n_fft, int32_t n_mels) {
  const std::size_t words = static_cast<std::size_t>(n_fft + n_mels);
  const std::size_t history = static_cast<std::size_t>(window_length + hop_length - 1);
  const std::size_t bytes = words * sizeof(int32_t) + history * sizeof(int16_t);
  return (bytes + kFeatureWorkspaceAlignment - 1) / kFeatureWorkspaceAlignment *
         kFeatureWorkspaceAlignment;
}

constexpr std::size_t FeatureWorkspaceBytes(const FeatureTables& tables) {
  return FeatureWorkspaceBytes(tables.window_length, tables.hop_length, tables.n_fft,
                               tables.n_mels);
}

// Defined by the generated source that the firmware links.
extern const FeatureTables kFeatureTables;

}  // namespace kws

#endif  // KWS_STM32F7_APP_CORE_FEATURES_FEATURE_TABLES_H_
