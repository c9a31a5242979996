#include "stm32f7_app/core/features/log_mel.h"

#include "stm32f7_app/core/features/fixed_point.h"

namespace kws {
namespace {

constexpr int32_t kLn2Q24 = 11629080;  // ln(2) * 2^24

inline uint64_t LoadPower(const int32_t* power, int32_t bin) {
  return (static_cast<uint64_t>(static_cast<uint32_t>(power[2 * bin + 1])) << 32) |
         static_cast<uint32_t>(power[2 * bin]);
}

// log2 of the FFT's power scale: the spectrum is the DFT times 2^(30 - log2(n_fft / 2)), see
// tables.py.
inline int32_t PowerExponent(const FeatureTables& tables) {
  return 2 * __builtin_clz(static_cast<uint32_t>(tables.n_fft));
}

}  // namespace

int32_t NaturalLog(const FeatureTables& tables, uint64_t value, int32_t exponent) {
  constexpr int kFractionBits = 16;
  const int32_t leading_zeros = __builtin_clzll(value);
  // Mantissa in [1, 2): the leading one drops out, table index and fraction follow it.
  const uint32_t mantissa = static_cast<uint32_t>((value << leading_zeros) >> 32) << 1;
  const uint32_t index = mantissa >> (32 - kLogTableBits);
  const uint32_t fraction =
      (mantissa >> (32 - kLogTableBits - kFractionBits)) & ((1u << kFractionBits) - 1);
  const uint32_t low = tables.log_table[index];
  const uint32_t step = tables.log_table[index + 1] - low;
  const int32_t log_mantissa = static_cast<int32_t>(
      low + ((step * fraction + (1u << (kFractionBits - 1))) >> kFractionBits));
  const int32_t log_power_of_two = (63 - leading_zeros - exponent) * kLn2Q24;
  return log_mantissa + ((log_power_of_two + (1 << 7)) >> 8);
}

void LogMel(const FeatureTables& tables, const int32_t* power, int32_t normalisation,
            int32_t* log_mel) {
  const uint16_t* segments = tables.mel_segments;
  const uint32_t* rising_weight = tables.mel_rising;
  const int32_t exponent = PowerExponent(tables) + 2 * normalisation;
  const uint64_t offset = tables.log_offset << (2 * normalisation);
  int32_t bin = segments[0];
  uint64_t rising = 0;  // Of the filter whose peak ends the segment before.
  for (int32_t s = 0; s <= tables.n_mels; ++s) {
    uint64_t total = 0;
    uint64_t next_rising = 0;
    for (const int32_t end = segments[s + 1]; bin < end; ++bin) {
      const uint64_t value = LoadPower(power, bin);
      total += value;
      next_rising += ScaleQ32(value, *rising_weight++);
    }
    if (s > 0) {
      log_mel[s - 1] = NaturalLog(tables, rising + (total - next_rising) + offset, exponent);
    }
    rising = next_rising;
  }
}

void FeaturesFromLogMel(const FeatureTables& tables, const int32_t* log_mel, int16_t* column) {
  if (tables.n_coefficients == 0) {
    constexpr int kShift = kLogFractionBits - kFeatureFractionBits;
    for (int32_t m = 0; m < tables.n_mels; ++m) {
      column[m] = SaturateToInt16((log_mel[m] + (1 << (kShift - 1))) >> kShift);
    }
    return;
  }
  constexpr int kShift = kLogFractionBits + 15 - kFeatureFractionBits;
  const int16_t* row = tables.dct;
  for (int32_t c = 0; c < tables.n_coefficients; ++c, row += tables.n_mels) {
    int64_t sum = int64_t{1} << (kShift - 1);
    for (int32_t m = 0; m < tables.n_mels; ++m) sum += static_cast<int64_t>(row[m]) * log_mel[m];
    column[c] = SaturateToInt16(sum >> kShift);
  }
}

}  // namespace kws
