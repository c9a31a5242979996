// From class scores to events: moving sum, threshold, refractory time. Integers only.
#pragma once

#include <cstdint>

namespace kws {

// One keyword event. The layout is read by the virtual board (tap 4): 16 bytes, little endian.
struct Detection {
  uint64_t sample;          // end of the window that tipped it, in samples since the start
  uint32_t label_index;     // model-output order
  uint32_t score_permille;  // smoothed score, 0 to 996 (an int8 softmax ends at 255/256)
};
static_assert(sizeof(Detection) == 16, "read by the virtual board");

struct DetectorSettings {
  int32_t n_classes;            // 1 to kMaxClasses, in model-output order
  uint64_t keyword_mask;        // bit i set: class i is a keyword (not silence, not unknown)
  int32_t smoothing;            // inferences averaged, 1 to kMaxSmoothing
  uint32_t threshold_permille;  // smoothed score at which a keyword is reported, 1 to 1000
  uint64_t refractory_samples;  // after a detection, further ones are suppressed for this long
};

// Contract.
// - `scores` are int8 softmax outputs with scale 1/256 and zero point -128, n_classes of them.
// - The smoothed score of a class is the sum of its last `smoothing` scores / `smoothing`; before
//   that many inferences were seen the missing ones count as 0, so nothing fires early.
// - A detection is the class with the highest smoothed score (the lowest index wins a tie), if it
//   is a keyword, its score reaches the threshold and the refractory time is over. A threshold
//   above 255/256, the largest score that an int8 softmax can give, means 255/256.
// - At least `refractory_samples` lie between the `sample` of two detections.
class Detector {
 public:
  static constexpr int32_t kMaxClasses = 64;
  static constexpr int32_t kMaxSmoothing = 16;

  // True when `settings` is within the limits above.
  static bool Valid(const DetectorSettings& settings);

  // `settings` must be Valid.
  explicit Detector(const DetectorSettings& settings);

  // Forgets all scores and the last detection.
  void Reset();

  // Takes the scores of the inference whose window ended at `sample` (non-decreasing). Returns
  // true and fills `detection` when a keyword is reported.
  bool Update(const int8_t* scores, uint64_t sample, Detection* detection);

  // Changes the threshold from the next inference on. Values outside 1..1000 are clamped.
  void set_threshold_permille(uint32_t threshold_permille);
  uint32_t threshold_permille() const { return settings_.threshold_permille; }

 private:
  DetectorSettings settings_;
  int16_t sums_[kMaxClasses];                    // of score + 128: at most 16 * 255
  uint8_t history_[kMaxSmoothing][kMaxClasses];  // score + 128
  int32_t next_;                                 // row of history_ to overwrite
  bool detected_;
  uint64_t last_sample_;
};

}  // namespace kws
