// One fault a build, chosen by FAULT; the handler says on RESULT that it ran.
#include "start.h"

__attribute__((naked)) void HardFault_Handler(void) {
  __asm volatile("ldr r0, =0x20010000\n mov sp, r0\n b report");
}

__attribute__((used, noreturn)) void report(void) {
  RESULT[0] = 0xFA;
  RESULT[1] = REG(0xE000ED28);
  RESULT[2] = REG(0xE000ED2C);
  RESULT[3] = REG(0xE000ED38);
  for (;;) {
#ifdef AGAIN
    (void)REG(0x60000004);
#endif
  }
}

void UsageFault_Handler(void) {
  RESULT[0] = 0x05;
  for (;;) {
  }
}

__attribute__((noinline)) void culprit(void) {
#if FAULT == 1
  (void)REG(0x60000000);
#elif FAULT == 2
  __asm volatile("udf #7");
#elif FAULT == 3
  __asm volatile("ldr r0, =0x08000400\n bx r0" ::: "r0");
#elif FAULT == 4
  REG(0x08001000) = 1;
#elif FAULT == 5
  __asm volatile("vmov.f32 s0, #1.0" ::: "s0");
#elif FAULT == 6
  __asm volatile(".fpu fpv5-d16\n vadd.f64 d0, d1, d2\n .fpu fpv5-sp-d16");
#elif FAULT == 7
  __asm volatile("ldr r0, =0x40020001\n bx r0" ::: "r0");
#elif FAULT == 8
  __asm volatile("bkpt #1");
#elif FAULT == 9  // stack overflow: the stack leaves DTCM at its lower end
  __asm volatile("ldr r0, =0x20000010\n mov sp, r0\n push {r0-r12}" ::: "r0");
#endif
  __asm volatile("nop");
}

int main(void) {
#if FAULT != 5
  enable_fpu();
#endif
#ifdef ENABLE
  REG(0xE000ED24) |= 7 << 16;
#endif
  culprit();
  return 0;
}
