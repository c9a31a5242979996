// USART3 at 115,200 baud from the 16 MHz HSI: echoes each byte + 1 by interrupts, after a polled
// greeting.
#include "start.h"
#ifndef DIVIDER
#define DIVIDER 139
#endif

void USART3_Handler(void) {
  if (REG(0x4000481C) & (1 << 5)) {
    REG(0x40004828) = REG(0x40004824) + 1;
    ++RESULT[0];
  }
  if (REG(0x4000481C) & (1 << 3)) {
    ++RESULT[1];
    REG(0x40004820) = 1 << 3;
  }
}

static void put(char c) {
  while (!(REG(0x4000481C) & (1 << 7))) {
  }
  REG(0x40004828) = c;
}

int main(void) {
#ifndef NO_CLOCK
  REG(0x40023830) |= 1 << 3;  // GPIOD
#endif
  REG(0x40023840) |= 1 << 18;  // USART3
  REG(0x40020C00) |= 2 << 16 | 2 << 18;
#ifndef NO_PIN
  REG(0x40020C24) |= 7 | 7 << 4;
#endif
  REG(0x4000480C) = DIVIDER;
  REG(0x40004800) = 1 | 1 << 3 | 1 << 2 | 1 << 5;
  put('h');
  put('i');
  put('\n');
  REG(0xE000E104) = 1 << 7;
#ifdef DEAF
  REG(0xE000E184) = 1 << 7;
#endif
  for (;;) __asm volatile("wfi");
}
