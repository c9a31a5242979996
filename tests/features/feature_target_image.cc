// Bare image for the emulated Cortex-M7: one column of the tables linked into it.
#include <cstdint>

#include "generated_tables.h"
#include "stm32f7_app/core/features/feature_extractor.h"

extern "C" {

int16_t samples[kws::kFeatureWindowLength];
int16_t column[kws::kFeatureNFeatures];
alignas(kws::kFeatureWorkspaceAlignment) uint8_t workspace[kws::kFeatureWorkspaceBytes];

void compute_column() {
  kws::ComputeFeatureColumn(kws::kFeatureTables, samples, reinterpret_cast<int32_t*>(workspace),
                            column);
}

}  // extern "C"
