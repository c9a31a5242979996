// A loop whose instructions are known, between two readings of the cycle counter.
#include "start.h"

int main(void) {
  unlock_cycle_counter();
  uint32_t before, after;
  // Each part is a block of its own, so that the counter is read at block boundaries.
  __asm volatile(
      "ldr r3, =0xE0001004\n b 1f\n"
      "1: ldr %0, [r3]\n b 2f\n"
      "2: mov r0, #1000\n b 3f\n"
      "3: nop\n movw r1, #4\n subs r0, #1\n bne 3b\n"
      "b 4f\n"
      "4: ldr %1, [r3]\n"
      "b 5f\n 5:"
      : "=&r"(before), "=&r"(after)
      :
      : "r0", "r1", "r3", "cc");
  RESULT[0] = before;
  RESULT[1] = after - before;
  return 0;
}
