// Triangular mel filters over a power spectrum, natural logarithm, DCT.
#ifndef KWS_STM32F7_APP_CORE_FEATURES_LOG_MEL_H_
#define KWS_STM32F7_APP_CORE_FEATURES_LOG_MEL_H_

#include <cstdint>

#include "stm32f7_app/core/features/feature_tables.h"

namespace kws {

// ln(value * 2^-exponent) in Q16, value > 0. Table with linear interpolation: error below 2^-14.
int32_t NaturalLog(const FeatureTables& tables, uint64_t value, int32_t exponent);

// log_mel[m] = ln(filter m applied to the power + log_offset) in Q16, for m < n_mels. `power` as
// PowerSpectrum leaves it, of a frame that was multiplied by 2^`normalisation` (0 .. 15) before the
// FFT.
void LogMel(const FeatureTables& tables, const int32_t* power, int32_t normalisation,
            int32_t* log_mel);

// One feature column in Q7.8, rounded and saturated: the DCT-II of log_mel, or log_mel itself when
// the tables have no coefficients.
void FeaturesFromLogMel(const FeatureTables& tables, const int32_t* log_mel, int16_t* column);

}  // namespace kws

#endif  // KWS_STM32F7_APP_CORE_FEATURES_LOG_MEL_H_
