#include "stm32f7_app/app/profile_report.h"

#include <cstring>

#include "stm32f7_app/core/console_protocol.h"
#include "stm32f7_app/drivers/serial_port.h"

namespace kws {

void ProfileReport::Start(const ProfiledModel& model) {
  std::memcpy(cycles_, model.operator_cycles(), sizeof(cycles_));
  total_cycles_ = model.total_cycles();
  next_ = 0;
}

void ProfileReport::Continue() {
  if (done()) return;
  char line[160];
  const OperatorCycles cycles = {next_, settings::kOperators, settings::kOperatorNames[next_],
                                 cycles_[next_], total_cycles_};
  const size_t length = FormatOperator(cycles, line, sizeof(line));
  if (!stm32::CanSend(length)) return;
  stm32::SendLine(line, length);
  ++next_;
}

}  // namespace kws
