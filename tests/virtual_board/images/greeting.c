// Says hello through semihosting and ends with code 7.
#include "start.h"

#ifdef PADDING
volatile char padding[PADDING] = {1};
#endif

static uint32_t call(uint32_t operation, const void* parameter) {
  register uint32_t r0 __asm("r0") = operation;
  register const void* r1 __asm("r1") = parameter;
  __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

int main(void) {
#ifdef PADDING
  padding[1] = 1;
#endif
  // On the stack: where the sections are must not matter to this program.
  volatile char text[6];
  for (int i = 0; i < 5; ++i) text[i] = (char)(i == 0 ? 'h' : i == 1 ? 'e' : i == 4 ? 'o' : 'l');
  text[5] = 0;
  call(0x04, (const void*)text);
  const uint32_t end[2] = {0x20026, 7};
  call(0x20, end);
  return 0;
}
