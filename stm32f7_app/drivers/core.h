// Cortex-M7 instructions and counters that C++ has no words for.
#pragma once

#include <cstdint>

#include "stm32f7_app/drivers/registers.h"

namespace kws::stm32 {

inline void Dsb() { __asm__ volatile("dsb" ::: "memory"); }
inline void Isb() { __asm__ volatile("isb" ::: "memory"); }
inline void DisableInterrupts() { __asm__ volatile("cpsid i" ::: "memory"); }
inline void EnableInterrupts() { __asm__ volatile("cpsie i" ::: "memory"); }
// Sleeps until an interrupt is pending, also with interrupts disabled.
inline void WaitForInterrupt() { __asm__ volatile("dsb\n\twfi" ::: "memory"); }

// Lower number = more urgent, 0 to 15.
inline void EnableIrq(uint32_t irq, uint8_t priority) {
  NvicPriority(irq) = static_cast<uint8_t>(priority << 4);
  NvicIser(irq / 32) = 1u << (irq % 32);
}

inline void EnableCycleCounter() {
  Demcr() = Demcr() | (1u << 24);  // TRCENA
  DwtLock() = 0xC5ACCE55;          // the M7 locks the DWT against software
  DwtCycleCount() = 0;
  DwtCtrl() = DwtCtrl() | 1u;
}
// Core cycles, modulo 2^32 (wraps after 19.9 s at 216 MHz).
inline uint32_t CycleCount() { return DwtCycleCount(); }

}  // namespace kws::stm32
