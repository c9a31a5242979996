// Independent watchdog, about 2 s.
#pragma once

namespace kws::stm32 {

// Starts it; from here on it cannot be stopped.
void StartWatchdog();
void FeedWatchdog();
// True when the last reset was the watchdog's; forgets it.
bool TakeWatchdogReset();

}  // namespace kws::stm32
