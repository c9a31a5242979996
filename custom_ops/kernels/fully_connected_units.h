// The inner loops of the dense FULLY_CONNECTED: four or two units at a time.
#ifndef CUSTOM_OPS_KERNELS_FULLY_CONNECTED_UNITS_H_
#define CUSTOM_OPS_KERNELS_FULLY_CONNECTED_UNITS_H_

#include <cstdint>

namespace kws {

constexpr int32_t kUnits = 4;

// Four values of the input are two words of two int16, in the order in which SXTB16 splits four
// bytes: (0, 2) and (1, 3).
struct UnitRun {
  const uint32_t* input;      // two words for each four values; two more are read and not used
  const uint32_t* input_end;  // behind what counts; not equal to `input`
  const int8_t* rows;         // the weights of the first unit
  int32_t row_step;           // bytes from one unit's weights to the next's
  int32_t sums[kUnits];       // are added to
};

// Adds the products of the input and each of four rows, or of the first two, whose sums it
// gives twice. Both read four bytes more of the first row.
void MultiplyFourUnits(UnitRun* run);
void MultiplyTwoUnits(UnitRun* run);

}  // namespace kws

#endif  // CUSTOM_OPS_KERNELS_FULLY_CONNECTED_UNITS_H_
