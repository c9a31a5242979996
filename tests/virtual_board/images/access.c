// Writes one word to ADDRESS.
#include "start.h"
#ifndef VALUE
#define VALUE 1
#endif

__attribute__((noinline)) void touch(void) {
#ifdef READ
  RESULT[0] = REG(ADDRESS);
#else
  REG(ADDRESS) = VALUE;
#endif
}

int main(void) {
  touch();
  return 0;
}
