// Vector table and reset, for any Cortex-M7 with a debugger or an emulator attached.
#include <cstdint>

#include "stm32f7_app/second_opinion/semihosting.h"

extern "C" {

// Placed by the linker script.
extern uint32_t _stack_top[];
extern uint32_t _data_load[], _data_start[], _data_end[];
extern uint32_t _bss_start[], _bss_end[];
extern void (*_init_array_start[])();
extern void (*_init_array_end[])();

int main();

// The toolchain's C++ run-time wants these; nothing is ever destroyed here.
void* __dso_handle = nullptr;
int __cxa_atexit(void (*)(void*), void*, void*) { return 0; }
void _init() {}

[[noreturn, gnu::used]] void Reset_Handler() {
  volatile uint32_t& cpacr = *reinterpret_cast<volatile uint32_t*>(0xE000ED88);
  cpacr = cpacr | 0xFu << 20;
  __asm__ volatile("dsb\n\tisb" ::: "memory");
  const uint32_t* source = _data_load;
  for (uint32_t* word = _data_start; word != _data_end; ++word) *word = *source++;
  for (uint32_t* word = _bss_start; word != _bss_end; ++word) *word = 0;
  for (auto* constructor = _init_array_start; constructor != _init_array_end; ++constructor) {
    (*constructor)();
  }
  kws::semihosting::Exit(main());
}

[[noreturn]] static void Fault_Handler() {
  kws::semihosting::Print("error a fault of the processor\n");
  kws::semihosting::Exit(2);
}

}  // extern "C"

namespace {

struct VectorTable {
  const void* stack_top;
  void (*handlers[15])();
};

[[gnu::section(".vectors"), gnu::used]] const VectorTable kTable = {
    _stack_top,
    {Reset_Handler, Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler,
     nullptr, nullptr, nullptr, nullptr, Fault_Handler, Fault_Handler, nullptr, Fault_Handler,
     Fault_Handler}};

}  // namespace
