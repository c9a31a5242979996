#include "stm32f7_app/drivers/watchdog.h"

#include "stm32f7_app/drivers/registers.h"

namespace kws::stm32 {

void StartWatchdog() {
  Iwdg().KR = iwdg::kStart;  // also starts the 32 kHz LSI
  Iwdg().KR = iwdg::kUnlock;
  Iwdg().PR = 3;  // 32 kHz / 32
  Iwdg().RLR = 2000;
  // The two values reach the watchdog's clock domain within five LSI cycles; give up rather than
  // hang: then the default, 0.5 s, holds.
  for (uint32_t i = 0; i < 100000 && Iwdg().SR != 0; ++i) {
  }
  FeedWatchdog();
}

void FeedWatchdog() { Iwdg().KR = iwdg::kFeed; }

bool TakeWatchdogReset() {
  const bool watchdog = (Rcc().CSR & rcc::kWatchdogReset) != 0;
  Rcc().CSR = Rcc().CSR | rcc::kRemoveResetFlags;
  return watchdog;
}

}  // namespace kws::stm32
