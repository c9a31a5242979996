// One semihosting operation, with parameters from the command line; R0 is left in RESULT[0].
#include "start.h"

#ifndef OPERATION
#define OPERATION 0
#endif
#ifndef PARAMETER
#define PARAMETER (uint32_t) & block
#endif

static const char console[] = ":tt";
volatile uint32_t block[4];

static uint32_t call(uint32_t operation, uint32_t parameter) {
  register uint32_t r0 __asm("r0") = operation;
  register uint32_t r1 __asm("r1") = parameter;
  __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

int main(void) {
  block[0] = (uint32_t)console;
  block[1] = 0;
  block[2] = 3;
  RESULT[1] = call(0x01, (uint32_t)&block);
#ifdef BLOCK
  const uint32_t values[] = {BLOCK};
  for (unsigned i = 0; i < sizeof(values) / 4; ++i) block[i] = values[i];
#endif
  RESULT[0] = call(OPERATION, PARAMETER);
  for (int i = 0; i < 4; ++i) RESULT[2 + i] = block[i];
  return 0;
}
