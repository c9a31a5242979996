// Thread mode on the process stack, as under an RTOS; the handler runs on the main stack.
#include "start.h"

static uint32_t stack[64];

void SVC_Handler(void) {
  uint32_t control, sp, psp;
  __asm volatile("mrs %0, control\n mov %1, sp\n mrs %2, psp" : "=r"(control), "=r"(sp), "=r"(psp));
  RESULT[0] = control & 2;
  RESULT[1] = sp > 0x2001F000;
  RESULT[2] = psp >= (uint32_t)stack && psp < (uint32_t)(stack + 64);
}

int main(void) {
  __asm volatile(
      "msr psp, %0\n movs r0, #2\n msr control, r0\n isb\n push {r4}\n svc #1\n pop {r4}\n"
      "mrs r0, control\n str r0, [%1, #12]\n mrs r0, psp\n str r0, [%1, #16]\n movs r0, #0\n msr "
      "control, r0\n isb"
      :
      : "r"(stack + 63), "r"(RESULT)
      : "r0", "memory");
  RESULT[4] = RESULT[4] == (uint32_t)(stack + 63);
  return 0;
}
