// The last n columns of features, the input of the next inference.
#ifndef KWS_STM32F7_APP_CORE_FEATURES_COLUMN_RING_H_
#define KWS_STM32F7_APP_CORE_FEATURES_COLUMN_RING_H_

#include <cstddef>
#include <cstdint>

#include "stm32f7_app/core/features/feature_quantizer.h"

namespace kws {

class ColumnRing {
 public:
  // storage: [n_frames][n_features], kept and overwritten.
  ColumnRing(int16_t* storage, int32_t n_frames, int32_t n_features)
      : storage_(storage), n_frames_(n_frames), n_features_(n_features) {}

  void Reset() { next_ = size_ = 0; }
  // Columns held, at most n_frames.
  int32_t size() const { return size_; }
  bool full() const { return size_ == n_frames_; }

  // Adds a column, dropping the oldest one when full. column: [n_features].
  void Push(const int16_t* column);
  // Copies the columns held, oldest first. out: [size()][n_features].
  void CopyTo(int16_t* out) const;
  // The same, quantised into a model's input.
  void QuantizeTo(const FeatureQuantization& quantization, int8_t* out) const;

 private:
  int32_t oldest() const { return full() ? next_ : 0; }

  int16_t* storage_;
  int32_t n_frames_;
  int32_t n_features_;
  int32_t next_ = 0;
  int32_t size_ = 0;
};

}  // namespace kws

#endif  // KWS_STM32F7_APP_CORE_FEATURES_COLUMN_RING_H_
