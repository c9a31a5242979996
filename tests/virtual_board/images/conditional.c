// Conditional loads and stores in IT blocks, and what comes after them.
#include "start.h"

static volatile unsigned data[8] = {1, 2, 3, 4, 5, 6, 7, 8};

__attribute__((noinline)) static unsigned select(unsigned index, const volatile unsigned* table) {
  unsigned result;
  __asm volatile(
      "cmp %1, #3\n it hi\n ldrhi %0, [%2, #4]\n it ls\n ldrls %0, [%2]\n"
      : "=&r"(result)
      : "r"(index), "r"(table)
      : "cc");
  return result;
}

int main(void) {
  unsigned sum = 0;
  for (unsigned i = 0; i < 8; ++i) {
    const unsigned offset = select(i, data);
    sum = sum * 5 + data[offset & 7] + i;
  }
  RESULT[0] = sum;
  return 0;
}
