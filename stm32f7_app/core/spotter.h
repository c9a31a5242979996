// The application's pipeline: hop in -> feature column -> every k hops an inference -> detector.
// The firmware's main loop and the host's Python binding drive this same class.
#pragma once

#include <cstdint>

#include "stm32f7_app/core/detector.h"
#include "stm32f7_app/core/features/column_ring.h"
#include "stm32f7_app/core/features/feature_extractor.h"
#include "stm32f7_app/core/features/feature_quantizer.h"
#include "stm32f7_app/core/model.h"

namespace kws {

enum class SpotterResult : uint8_t {
  kNothing,    // no keyword in this window
  kDetection,  // `detection` is filled
  kFailed,     // the model could not be run
};

class Spotter {
 public:
  // A bound of the scratch column on the stack (config: n_mels <= 128).
  static constexpr int32_t kMaxFeatures = 128;

  // Keeps all references. `model` is loaded, its input takes `columns` (n_frames x n_features,
  // n_features <= kMaxFeatures), its output suits `detector`. 1 <= hops_per_inference.
  Spotter(const FeatureTables& tables, FeatureExtractor& extractor, ColumnRing& columns,
          Model& model, Detector& detector, const FeatureQuantization& quantization,
          int32_t hops_per_inference);

  // As after construction.
  void Reset();

  // Takes the next hop_length samples. True when an inference is due: the first one as soon as
  // n_frames columns exist, then one every hops_per_inference columns. Follow it with Infer.
  bool PushHop(const int16_t* hop);

  // Runs the model on the last n_frames columns.
  SpotterResult Infer(Detection* detection);

  // Tells that `hops` hops before the next PushHop were lost: sample indices stay those of the
  // microphone. The windows across the gap are computed as if there were none.
  void SkipHops(uint32_t hops);

  // Samples taken or skipped since the start.
  uint64_t samples() const { return samples_; }
  // End of the last column's window, in samples since the start.
  uint64_t window_end() const { return window_end_; }

 private:
  const FeatureTables& tables_;
  FeatureExtractor& extractor_;
  ColumnRing& columns_;
  Model& model_;
  Detector& detector_;
  FeatureQuantization quantization_;
  int32_t hops_per_inference_;
  int32_t hops_until_inference_ = 0;
  uint64_t samples_ = 0;
  uint64_t window_end_ = 0;
};

}  // namespace kws
