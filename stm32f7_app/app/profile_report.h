// The answer to the command `profile`: a line an operator, sent as the serial port has room.
#pragma once

#include <cstdint>

#include "settings.h"
#include "stm32f7_app/app/profiled_model.h"

namespace kws {

class ProfileReport {
 public:
  // Takes the cycles of the last inference; later ones do not change the report.
  void Start(const ProfiledModel& model);
  // Sends the next line if there is one and the port has room for it.
  void Continue();
  bool done() const { return next_ == settings::kOperators; }

 private:
  uint32_t cycles_[settings::kOperators];
  uint32_t total_cycles_ = 0;
  uint32_t next_ = settings::kOperators;
};

}  // namespace kws
