// Stores to every word of a memory of 16 kB, several times.
#include "start.h"

int main(void) {
  for (int round = 0; round < 4; ++round) {
    for (uint32_t address = MEMORY + 64; address < MEMORY + 0x3F00; address += 4) REG(address) = 0;
  }
  return 0;
}
