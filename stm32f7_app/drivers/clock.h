// System clock at 216 MHz and the I2S clock.
#pragma once

#include <cstdint>

namespace kws::stm32 {

enum class ClockSource : uint8_t {
  kExternal,  // HSE through the PLL, 216 MHz
  kInternal,  // the HSE did not start: HSI (1 %) through the PLL, 216 MHz
  kReset,     // the PLL did not lock: HSI, 16 MHz, no I2S clock
};

struct Clocks {
  ClockSource source;
  uint32_t core_hz;
  uint32_t apb1_hz;
};

// Voltage scale 1, over-drive, PLL, 7 flash wait states, ART and prefetch, PLLI2S at 51.2 MHz.
// Every wait has a time-out; see ClockSource for what happens then.
Clocks StartClocks();

// A millisecond counter from `core_hz`, by SysTick.
void StartMillisecondTick(uint32_t core_hz);
// Since StartMillisecondTick; wraps after 49 days.
uint32_t Milliseconds();

}  // namespace kws::stm32
