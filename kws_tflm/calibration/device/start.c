// Start-up of the calibration images: FPU and caches on, ITCM, .data and .bss filled, then main().
// The images need no clock set-up: only core cycles are counted.
#include <stdint.h>

extern uint32_t _data_begin[], _data_end[], _data_load[], _bss_begin[], _bss_end[];
extern uint32_t _itcm_begin[], _itcm_end[], _itcm_load[], _stack_top[];
int main(void);
void calibration_done(void);
void Reset_Handler(void);

static volatile uint32_t* Register(uint32_t address) { return (volatile uint32_t*)address; }

static void Synchronise(void) { __asm volatile("dsb\n\tisb" ::: "memory"); }

static void EnableCaches(void) {
  volatile uint32_t* const ccr = Register(0xE000ED14);
  Synchronise();
  *Register(0xE000EF50) = 0;  // ICIALLU
  Synchronise();
  *ccr |= 1u << 17;  // IC
  Synchronise();
  // 16 kB, 4 ways, 32-byte lines: 128 sets.
  for (uint32_t set = 0; set < 128; ++set) {
    for (uint32_t way = 0; way < 4; ++way) *Register(0xE000EF60) = way << 30 | set << 5;  // DCISW
  }
  Synchronise();
  *ccr |= 1u << 16;  // DC
  Synchronise();
}

static void Copy(uint32_t* to, const uint32_t* end, const uint32_t* from) {
  while (to != end) *to++ = *from++;
}

void Reset_Handler(void) {
  *Register(0xE000ED88) |= 0xFu << 20;  // CPACR: FPU
  Synchronise();
  Copy(_data_begin, _data_end, _data_load);
  Copy(_itcm_begin, _itcm_end, _itcm_load);
  for (uint32_t* at = _bss_begin; at != _bss_end; ++at) *at = 0;
  EnableCaches();
  main();
  calibration_done();
}

__attribute__((noinline)) void calibration_done(void) {
  for (;;) __asm volatile("wfi");
}

static void Fault(void) {
  for (;;) __asm volatile("bkpt 0");
}

__attribute__((section(".vectors"), used)) void* const kVectors[16] = {_stack_top,
                                                                       (void*)Reset_Handler,
                                                                       (void*)Fault,
                                                                       (void*)Fault,
                                                                       (void*)Fault,
                                                                       (void*)Fault,
                                                                       (void*)Fault,
                                                                       0,
                                                                       0,
                                                                       0,
                                                                       0,
                                                                       (void*)Fault,
                                                                       (void*)Fault,
                                                                       0,
                                                                       (void*)Fault,
                                                                       (void*)Fault};
