#include "stm32f7_app/core/detector.h"

#include <cstring>

namespace kws {
namespace {

constexpr int32_t kScoreZeroPoint = -128;
constexpr uint32_t kScoreSteps = 256;
constexpr uint32_t kLargestScore = 255;

uint32_t Clamp(uint32_t value, uint32_t low, uint32_t high) {
  return value < low ? low : value > high ? high : value;
}

}  // namespace

bool Detector::Valid(const DetectorSettings& settings) {
  return settings.n_classes >= 1 && settings.n_classes <= kMaxClasses && settings.smoothing >= 1 &&
         settings.smoothing <= kMaxSmoothing && settings.threshold_permille >= 1 &&
         settings.threshold_permille <= 1000;
}

Detector::Detector(const DetectorSettings& settings) : settings_(settings) { Reset(); }

void Detector::Reset() {
  std::memset(sums_, 0, sizeof(sums_));
  std::memset(history_, 0, sizeof(history_));
  next_ = 0;
  detected_ = false;
  last_sample_ = 0;
}

void Detector::set_threshold_permille(uint32_t threshold_permille) {
  settings_.threshold_permille = Clamp(threshold_permille, 1, 1000);
}

bool Detector::Update(const int8_t* scores, uint64_t sample, Detection* detection) {
  uint8_t* row = history_[next_];
  next_ = next_ + 1 == settings_.smoothing ? 0 : next_ + 1;
  int32_t best = 0;
  for (int32_t i = 0; i < settings_.n_classes; ++i) {
    const auto score = static_cast<uint8_t>(scores[i] - kScoreZeroPoint);
    sums_[i] = static_cast<int16_t>(sums_[i] + score - row[i]);
    row[i] = score;
    if (sums_[i] > sums_[best]) best = i;
  }

  if (((settings_.keyword_mask >> best) & 1) == 0) return false;
  if (detected_ && sample - last_sample_ < settings_.refractory_samples) return false;
  // sum / (smoothing * 256) >= threshold / 1000, without a division.
  const auto sum = static_cast<uint32_t>(sums_[best]);
  const auto smoothing = static_cast<uint32_t>(settings_.smoothing);
  const uint32_t wanted = settings_.threshold_permille * kScoreSteps * smoothing;
  const uint32_t possible = 1000 * kLargestScore * smoothing;
  if (sum * 1000 < (wanted < possible ? wanted : possible)) return false;

  detected_ = true;
  last_sample_ = sample;
  const uint32_t scale = kScoreSteps * smoothing;
  *detection = {sample, static_cast<uint32_t>(best), (sum * 1000 + scale / 2) / scale};
  return true;
}

}  // namespace kws
