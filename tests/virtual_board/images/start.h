// What every test image uses; start.c has the vectors.
#ifndef KWS_TFLM_TESTS_VIRTUAL_BOARD_START_H_
#define KWS_TFLM_TESTS_VIRTUAL_BOARD_START_H_

#include <stdint.h>

#define REG(address) (*(volatile uint32_t*)(address))
#define REG8(address) (*(volatile uint8_t*)(address))

// Results for the test, at a fixed place in DTCM.
#define RESULT ((volatile uint32_t*)0x20000000)
// In RESULT[15] when main has returned.
#define FINISHED 0x600D
int main(void);

static inline void enable_fpu(void) {
  REG(0xE000ED88) |= 0xF << 20;
  __asm volatile("dsb\n isb" ::: "memory");
}

static inline void unlock_cycle_counter(void) {
  REG(0xE000EDFC) |= 1 << 24;
  REG(0xE0001FB0) = 0xC5ACCE55;
  REG(0xE0001004) = 0;
  REG(0xE0001000) |= 1;
}

#endif  // KWS_TFLM_TESTS_VIRTUAL_BOARD_START_H_
