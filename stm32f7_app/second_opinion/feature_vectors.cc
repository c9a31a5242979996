// The firmware's front end on whole clips.
#include "stm32f7_app/core/features/feature_extractor.h"
#include "stm32f7_app/second_opinion/semihosting.h"
#include "stm32f7_app/second_opinion/vectors.h"

namespace kws {

extern const FeatureTables kFeatureTables;

namespace {

// The largest configuration: n_fft 2048, 128 mel bands.
constexpr size_t kLargestFft = 2048;
constexpr size_t kLargestColumn = 128;
int32_t buffer[kLargestFft + kLargestColumn];
int16_t column[kLargestColumn];

}  // namespace

void RunClip(uint32_t index, VectorReader& reader) {
  const auto samples = static_cast<int32_t>(reader.Words()[0]);
  const auto* clip = reinterpret_cast<const int16_t*>(
      reader.Bytes(static_cast<size_t>(samples) * sizeof(int16_t)));
  const int32_t columns = FeatureColumns(kFeatureTables, samples);
  for (int32_t i = 0; i < columns; ++i) {
    ComputeFeatureColumn(kFeatureTables, clip + i * kFeatureTables.hop_length, buffer, column);
    semihosting::Print("column");
    semihosting::PrintNumber(index);
    semihosting::PrintNumber(static_cast<uint32_t>(i));
    semihosting::PrintBytes(column,
                            static_cast<size_t>(kFeatureTables.n_features) * sizeof(int16_t));
  }
}

}  // namespace kws
