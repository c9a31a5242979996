#include "stm32f7_app/core/spotter.h"

#include "stm32f7_app/core/tap.h"

namespace kws {

Spotter::Spotter(const FeatureTables& tables, FeatureExtractor& extractor, ColumnRing& columns,
                 Model& model, Detector& detector, const FeatureQuantization& quantization,
                 int32_t hops_per_inference)
    : tables_(tables),
      extractor_(extractor),
      columns_(columns),
      model_(model),
      detector_(detector),
      quantization_(quantization),
      hops_per_inference_(hops_per_inference) {
  Reset();
}

void Spotter::Reset() {
  extractor_.Reset();
  columns_.Reset();
  detector_.Reset();
  hops_until_inference_ = 0;
  samples_ = 0;
  window_end_ = 0;
}

bool Spotter::PushHop(const int16_t* hop) {
  const auto hop_length = static_cast<uint32_t>(tables_.hop_length);
  kws_tap(kTapFeatureBegin, hop, hop_length * sizeof(int16_t));
  samples_ += hop_length;
  int16_t column[kMaxFeatures];
  if (!extractor_.PushHop(hop, column)) return false;
  kws_tap(kTapFeatureColumn, column, static_cast<uint32_t>(tables_.n_features) * sizeof(int16_t));

  // The window ends at or before the last sample taken: column i covers [i * hop, i * hop +
  // window).
  const auto window_length = static_cast<uint32_t>(tables_.window_length);
  window_end_ = samples_ - (samples_ - window_length) % hop_length;
  columns_.Push(column);
  if (!columns_.full()) return false;
  if (hops_until_inference_ > 1) {
    --hops_until_inference_;
    return false;
  }
  hops_until_inference_ = hops_per_inference_;
  return true;
}

SpotterResult Spotter::Infer(Detection* detection) {
  columns_.QuantizeTo(quantization_, model_.input());
  kws_tap(kTapInferenceBegin, model_.input(), model_.input_bytes());
  if (!model_.Invoke()) return SpotterResult::kFailed;
  kws_tap(kTapInferenceEnd, model_.output(), model_.output_bytes());
  if (!detector_.Update(model_.output(), window_end_, detection)) return SpotterResult::kNothing;
  kws_tap(kTapDetection, detection, sizeof(*detection));
  return SpotterResult::kDetection;
}

void Spotter::SkipHops(uint32_t hops) {
  samples_ += static_cast<uint64_t>(hops) * static_cast<uint32_t>(tables_.hop_length);
}

}  // namespace kws
