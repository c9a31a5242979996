// Starts the watchdog (10 ms), feeds it five times and then forgets it; after the reset says so.
#include "start.h"

int main(void) {
  const uint32_t flags = REG(0x40023874);
  ++RESULT[0];
  RESULT[1] = flags >> 24;
  if (flags & 1u << 29) {
    REG(0x40023874) |= 1 << 24;
    RESULT[2] = REG(0x40023874) >> 24;
    return 0;
  }
#ifdef SOFTWARE
  if (flags & 1u << 28) return 0;
  REG(0xE000ED0C) = 0x05FA0004;
#endif
  REG(0x40003000) = 0xCCCC;
  REG(0x40003000) = 0x5555;
  REG(0x40003004) = 0;
  REG(0x40003008) = 80 - 1;
  while (REG(0x4000300C)) {
  }
  for (int i = 0; i < 5; ++i) {
    REG(0x40003000) = 0xAAAA;
    for (volatile int k = 0; k < 10000; ++k) {
    }
  }
  for (;;) {
  }
}
