#include "stm32f7_app/core/features/column_ring.h"

#include <cstring>

namespace kws {

void ColumnRing::Push(const int16_t* column) {
  std::memcpy(storage_ + next_ * n_features_, column,
              static_cast<std::size_t>(n_features_) * sizeof(int16_t));
  next_ = next_ + 1 == n_frames_ ? 0 : next_ + 1;
  if (size_ < n_frames_) ++size_;
}

void ColumnRing::CopyTo(int16_t* out) const {
  const int32_t older = (size_ - oldest()) * n_features_;
  const int32_t newer = oldest() * n_features_;
  std::memcpy(out, storage_ + newer, static_cast<std::size_t>(older) * sizeof(int16_t));
  std::memcpy(out + older, storage_, static_cast<std::size_t>(newer) * sizeof(int16_t));
}

void ColumnRing::QuantizeTo(const FeatureQuantization& quantization, int8_t* out) const {
  const int32_t older = (size_ - oldest()) * n_features_;
  const int32_t newer = oldest() * n_features_;
  QuantizeFeatures(storage_ + newer, older, quantization, out);
  QuantizeFeatures(storage_, newer, quantization, out + older);
}

}  // namespace kws
