// One sequence, SEQUENCE, COUNT times between two labels, in a loop that warms the caches first.
#include "start.h"

#define STRING(x) #x
#define TEXT(x) STRING(x)

int main(void) {
  *(volatile unsigned*)0xE000ED14 |= 1u << 17 | 1u << 16;  // caches on
  __asm volatile(
      "ldr r8, =0x20002000\n ldr r9, =0x20002004\n mov r10, #0\n"
      "movs r7, #3\n"
      "1: b.w 2f\n .balign 32\n"
      "2: isb\n b.w window_begin\n .balign 32\n"
      ".global window_begin\n window_begin:\n"
      ".rept " TEXT(COUNT) "\n" SEQUENCE "\n.endr\n"
      "b.w window_end\n"
      ".global window_end\n window_end:\n"
      "isb\n"
      "subs r7, #1\n bne.w 1b\n"
      :
      :
      : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "cc", "memory", "s0", "s1", "s2", "s3");
  return 0;
}
