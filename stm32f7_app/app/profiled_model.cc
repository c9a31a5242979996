#include "stm32f7_app/app/profiled_model.h"

#include "custom_ops/tflm/observed.h"
#include "settings.h"
#include "stm32f7_app/core/tap.h"
#include "stm32f7_app/drivers/core.h"

namespace kws {
namespace {

uint32_t cycles[settings::kOperators];
uint32_t begin;

}  // namespace

// The taps lie outside of what is timed.
void OnOperatorBegin(uint32_t index) {
  kws_tap(kTapOperatorBegin, &index, sizeof(index));
  begin = stm32::CycleCount();
}

void OnOperatorEnd(uint32_t index) {
  cycles[index] = stm32::CycleCount() - begin;
  kws_tap(kTapOperatorEnd, &index, sizeof(index));
}

bool ProfiledModel::Invoke() {
  RestartObservation();
  const uint32_t invoke_begin = stm32::CycleCount();
  const bool done = model_.Invoke();
  total_cycles_ = stm32::CycleCount() - invoke_begin;
  return done;
}

const uint32_t* ProfiledModel::operator_cycles() const { return cycles; }

}  // namespace kws
