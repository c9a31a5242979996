// C interface to the front end, compiled by tests/features/conftest.py and called through ctypes.
#include <cstddef>
#include <cstdint>
#include <new>

#include "stm32f7_app/core/features/column_ring.h"
#include "stm32f7_app/core/features/feature_extractor.h"
#include "stm32f7_app/core/features/feature_quantizer.h"
#include "stm32f7_app/core/features/log_mel.h"
#include "stm32f7_app/core/features/real_fft.h"

using kws::ColumnRing;
using kws::FeatureExtractor;
using kws::FeatureTables;

extern "C" {

std::size_t tables_bytes() { return sizeof(FeatureTables); }
std::size_t workspace_bytes(const FeatureTables* tables) {
  return kws::FeatureWorkspaceBytes(*tables);
}

FeatureExtractor* extractor_new(const FeatureTables* tables, void* workspace, std::size_t bytes) {
  return new FeatureExtractor(*tables, workspace, bytes);
}
void extractor_delete(FeatureExtractor* extractor) { delete extractor; }
int extractor_ok(const FeatureExtractor* extractor) { return extractor->ok(); }
void extractor_reset(FeatureExtractor* extractor) { extractor->Reset(); }
int extractor_push(FeatureExtractor* extractor, const int16_t* hop, int16_t* column) {
  return extractor->PushHop(hop, column);
}
int extractor_clip(FeatureExtractor* extractor, const int16_t* pcm, int n, int16_t* columns) {
  return extractor->ComputeClip(pcm, n, columns);
}

void complex_fft(const FeatureTables* tables, int32_t* z) { kws::ComplexFft(*tables, z); }
void power_spectrum(const FeatureTables* tables, int32_t* z) { kws::PowerSpectrum(*tables, z); }
int32_t natural_log(const FeatureTables* tables, uint64_t value, int32_t exponent) {
  return kws::NaturalLog(*tables, value, exponent);
}

void quantize_features(const int16_t* features, int n, int32_t multiplier, int32_t shift,
                       int32_t zero_point, int8_t* out) {
  kws::QuantizeFeatures(features, n, {multiplier, shift, zero_point}, out);
}

ColumnRing* ring_new(int16_t* storage, int n_frames, int n_features) {
  return new ColumnRing(storage, n_frames, n_features);
}
void ring_delete(ColumnRing* ring) { delete ring; }
void ring_reset(ColumnRing* ring) { ring->Reset(); }
void ring_push(ColumnRing* ring, const int16_t* column) { ring->Push(column); }
int ring_copy(const ColumnRing* ring, int16_t* out) {
  ring->CopyTo(out);
  return ring->size();
}
void ring_quantize(const ColumnRing* ring, int32_t multiplier, int32_t shift, int32_t zero_point,
                   int8_t* out) {
  ring->QuantizeTo({multiplier, shift, zero_point}, out);
}

}  // extern "C"
