// SysTick at 1,000 cycles: interrupts, WFI, the cycle counter.
#include "start.h"

static volatile uint32_t ticks;

void SysTick_Handler(void) { ++ticks; }

int main(void) {
  unlock_cycle_counter();
  REG(0xE000E014) = 999;
  REG(0xE000E018) = 0;
  REG(0xE000E010) = 7;
  const uint32_t before = REG(0xE0001004);
  while (ticks < 50) {
#ifdef SLEEP
    __asm volatile("cpsid i\n wfi\n cpsie i" ::: "memory");
#endif
  }
  RESULT[0] = REG(0xE0001004) - before;
  RESULT[1] = ticks;
  RESULT[2] = REG(0xE000E018) <= 999;
#ifdef SLEEP
  while (ticks < 1000) __asm volatile("wfi");
#endif
  REG(0xE000E010) = 0;
  return 0;
}
