// The least that a bare-metal image for the STM32F767 needs: vectors, reset, weak handlers.
#include "start.h"

#define HANDLER(name) void name(void) __attribute__((weak, alias("Default_Handler")))

__attribute__((noreturn)) static void finish(void) {
  REG(0xE000E010) = 0;
  for (int i = 0; i < 4; ++i) REG(0xE000E180 + 4 * i) = 0xFFFFFFFF;
  RESULT[15] = FINISHED;
  for (;;) __asm volatile("wfi");
}

void Reset_Handler(void) {
  main();
  finish();
}

void Default_Handler(void) {
  for (;;) {
  }
}

HANDLER(HardFault_Handler);
HANDLER(UsageFault_Handler);
HANDLER(BusFault_Handler);
HANDLER(SVC_Handler);
HANDLER(PendSV_Handler);
HANDLER(SysTick_Handler);
HANDLER(Irq0_Handler);
HANDLER(Irq1_Handler);
HANDLER(Irq2_Handler);
HANDLER(DMA1_Stream3_Handler);
HANDLER(USART3_Handler);

typedef void (*vector_t)(void);
__attribute__((section(".vectors"), used)) static const vector_t vectors[16 + 110] = {
    (vector_t)0x20020000,
    Reset_Handler,
    Default_Handler,
    HardFault_Handler,
    Default_Handler,
    BusFault_Handler,
    UsageFault_Handler,
    0,
    0,
    0,
    0,
    SVC_Handler,
    Default_Handler,
    0,
    PendSV_Handler,
    SysTick_Handler,
    Irq0_Handler,
    Irq1_Handler,
    Irq2_Handler,
    [16 + 14] = DMA1_Stream3_Handler,
    [16 + 39] = USART3_Handler,
};
