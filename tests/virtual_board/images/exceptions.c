// Priorities, pre-emption, tail-chaining, masks, FPU context, SVC and PendSV.
#include "start.h"

static volatile uint32_t order;  // one decimal digit for each handler, in the order they began

static void note(uint32_t digit) { order = order * 10 + digit; }
static void pend(int irq) { REG(0xE000E200) = 1u << irq; }
static void set_priority(int irq, uint8_t priority) { REG8(0xE000E400 + irq) = priority; }

void Irq0_Handler(void) {  // least urgent
  note(1);
  pend(1);  // pre-empts
  __asm volatile("dsb\n isb");
  note(2);
}

void Irq1_Handler(void) {
  note(3);
  pend(2);  // same priority: must wait
  __asm volatile("dsb\n isb");
  note(4);
}

void Irq2_Handler(void) {
  // Destroys every caller-saved float register.
  __asm volatile("vmov.f32 s0, #9.0\n vmov.f32 s1, s0\n vmov.f32 s15, s0\n vmov.f32 s7, s0" ::
                     : "s0", "s1", "s7", "s15");
  note(5);
}

void SVC_Handler(void) {
  REG(0xE000ED04) = 1 << 28;  // PendSV, least urgent
  note(6);
}

void PendSV_Handler(void) {
  uint32_t ipsr;
  __asm volatile("mrs %0, ipsr" : "=r"(ipsr));
  RESULT[4] = ipsr;
  note(7);
}

int main(void) {
  enable_fpu();
  set_priority(0, 0x80);
  set_priority(1, 0x40);
  set_priority(2, 0x40);
  REG(0xE000ED20) = 0xF0 << 16;
  REG(0xE000E100) = 7;
  float kept[4];
  __asm volatile(
      "vmov.f32 s0, #1.0\n vmov.f32 s1, #2.0\n vmov.f32 s15, #3.0\n vmov.f32 s7, #4.0\n"
      "movs r0, #1\n ldr r1, =0xE000E200\n str r0, [r1]\n dsb\n isb\n"
      "vstr s0, [%0]\n vstr s1, [%0, #4]\n vstr s15, [%0, #8]\n vstr s7, [%0, #12]"
      :
      : "r"(kept)
      : "r0", "r1", "s0", "s1", "s7", "s15", "memory");
  RESULT[0] = order;  // 1 3 4 5 2
  RESULT[1] = kept[0] == 1.0f && kept[1] == 2.0f && kept[2] == 3.0f && kept[3] == 4.0f;
  order = 0;
  __asm volatile("svc #0" ::: "memory");
  RESULT[2] = order;  // 6 7
  order = 0;
  __asm volatile("cpsid i" ::: "memory");
  pend(2);
  __asm volatile("dsb\n isb");
  note(8);
  __asm volatile("cpsie i\n isb" ::: "memory");
  note(9);
  __asm volatile("msr basepri, %0" ::"r"(0x40) : "memory");
  pend(2);
  __asm volatile("dsb\n isb");
  note(8);
  __asm volatile("msr basepri, %0\n isb" ::"r"(0) : "memory");
  RESULT[3] = order;  // 8 5 9 8 5
  uint32_t control;
  __asm volatile("mrs %0, control" : "=r"(control));
  RESULT[5] = control & 7;
  return 0;
}
