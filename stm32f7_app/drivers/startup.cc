// Vector table and reset: from power-on to main().
#include <cstddef>
#include <cstdint>

#include "stm32f7_app/drivers/core.h"
#include "stm32f7_app/drivers/fault.h"

extern "C" {

// Placed by the linker script.
extern uint32_t _stack_top[];
extern uint32_t _data_load[], _data_start[], _data_end[];
extern uint32_t _kernels_load[], _kernels_start[], _kernels_end[];
extern uint32_t _model_load[], _model_start[], _model_end[];
extern uint32_t _bss_start[], _bss_end[];
extern void (*_init_array_start[])();
extern void (*_init_array_end[])();
extern const uintptr_t _vectors[];

int main();
void Fault_Handler();
void SysTick_Handler();
void DMA1_Stream3_IRQHandler();
void USART3_IRQHandler();

// The toolchain's C++ run-time wants these; nothing is ever destroyed here.
void* __dso_handle = nullptr;
int __cxa_atexit(void (*)(void*), void*, void*) { return 0; }

static void Unexpected_Handler() { kws::stm32::Panic("unexpected interrupt"); }

// Nothing to do for what stays where it is stored.
static void Load(const uint32_t* source, uint32_t* begin, const uint32_t* end) {
  if (source == begin) return;
  for (uint32_t* word = begin; word != end; ++word) *word = *source++;
}

[[noreturn, gnu::used]] static void StartProgram() {
  using namespace kws::stm32;
  // Before any function that might keep a float in a register.
  Scb().CPACR = Scb().CPACR | scb::kFpuAccess;
  Dsb();
  Isb();
  Scb().VTOR = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(_vectors));

  Load(_data_load, _data_start, _data_end);
  Load(_kernels_load, _kernels_start, _kernels_end);
  Load(_model_load, _model_start, _model_end);
  Dsb();
  Isb();
  for (uint32_t* word = _bss_start; word != _bss_end; ++word) *word = 0;
  for (auto* constructor = _init_array_start; constructor != _init_array_end; ++constructor) {
    (*constructor)();
  }
  main();
  Panic("main returned");
}

// Naked: a debugger that jumps here has not set the stack pointer.
[[gnu::naked, gnu::used]] void Reset_Handler() {
  __asm__ volatile(
      "cpsie i\n\t"
      "ldr r0, =_stack_top\n\t"
      "mov sp, r0\n\t"
      "b %c0" ::"i"(StartProgram));
}

}  // extern "C"

namespace {

using Handler = void (*)();
constexpr size_t kSystemVectors = 16;
constexpr size_t kInterrupts = 110;  // RM0410 table 46

struct VectorTable {
  const void* stack_top;
  Handler handlers[kSystemVectors - 1 + kInterrupts];
};

constexpr size_t Irq(uint32_t number) { return kSystemVectors - 1 + number; }

constexpr VectorTable MakeVectors() {
  VectorTable table{_stack_top, {}};
  for (Handler& handler : table.handlers) handler = Unexpected_Handler;
  table.handlers[0] = Reset_Handler;
  for (size_t i = 1; i <= 5; ++i) table.handlers[i] = Fault_Handler;  // NMI, hard .. usage
  table.handlers[14] = SysTick_Handler;
  table.handlers[Irq(kws::stm32::kIrqDma1Stream3)] = DMA1_Stream3_IRQHandler;
  table.handlers[Irq(kws::stm32::kIrqUsart3)] = USART3_IRQHandler;
  return table;
}

[[gnu::section(".vectors"), gnu::used]] constexpr VectorTable kVectors = MakeVectors();

}  // namespace
