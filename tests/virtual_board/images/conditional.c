// Conditional loads and stores in IT blocks, and what comes after them.
#include "start.h"

static volatile unsigned data[8] = {1, 2, 3, 4, 5, 6, 7, 8};
static volatile unsigned* const written = (volatile unsigned*)0x20003000;

__attribute__((noinline)) static unsigned select(unsigned index, const volatile unsigned* table) {
  unsigned result;
  __asm volatile(
      "cmp %1, #3\n it hi\n ldrhi %0, [%2, #4]\n it ls\n ldrls %0, [%2]\n"
      : "=&r"(result)
      : "r"(index), "r"(table)
      : "cc");
  return result;
}

// The IT block ends in a store; the flags change before the next block of code begins.
__attribute__((noinline)) static unsigned replace(unsigned index, volatile unsigned* place) {
  unsigned result = index;
  __asm volatile(
      "cmp %1, #3\n itt ne\n eorne %0, %0, #1\n strne %0, [%2]\n cmp %1, %1\n b.n 1f\n nop\n"
      "1: add %0, %0, #16\n add %0, %0, %0\n"
      : "+r"(result)
      : "r"(index), "r"(place)
      : "cc", "memory");
  return result;
}

int main(void) {
  unsigned sum = 0;
  for (unsigned i = 0; i < 8; ++i) {
    const unsigned offset = select(i, data);
    sum = sum * 5 + data[offset & 7] + i;
    sum = sum * 3 + replace(i, &written[i]) + written[i];
  }
  RESULT[0] = sum;
  return 0;
}
