#include "stm32f7_app/drivers/fault.h"

#include <cstdint>

#include "stm32f7_app/core/line_writer.h"
#include "stm32f7_app/drivers/core.h"
#include "stm32f7_app/drivers/serial_port.h"

namespace kws::stm32 {
namespace {

// The eight words that the core pushes on exception entry.
struct ExceptionFrame {
  uint32_t r0, r1, r2, r3, r12, lr, pc, xpsr;
};

constexpr size_t kLineBytes = 192;

[[noreturn]] void WaitForReset() {
  for (;;) {
    __asm__ volatile("");
  }
}

}  // namespace

void EnableFaultHandlers() { Scb().SHCSR = Scb().SHCSR | scb::kFaultHandlers; }

[[noreturn]] void Panic(const char* message) {
  DisableInterrupts();
  char line[kLineBytes];
  LineWriter writer(line, sizeof(line), "err");
  SendPolled("\r\n", 2);
  SendPolled(line, writer.Text("code", "E90").Text("msg", message).Finish());
  WaitForReset();
}

extern "C" [[noreturn]] [[gnu::used]] void ReportFault(const ExceptionFrame* frame) {
  DisableInterrupts();
  char line[kLineBytes];
  LineWriter writer(line, sizeof(line), "err");
  writer.Text("code", "E90").Text("msg", "hard fault");
  writer.Hex("pc", frame->pc).Hex("lr", frame->lr).Hex("cfsr", Scb().CFSR).Hex("hfsr", Scb().HFSR);
  writer.Hex("mmfar", Scb().MMFAR).Hex("bfar", Scb().BFAR);
  // A line may have been cut: start on a fresh one.
  SendPolled("\r\n", 2);
  SendPolled(line, writer.Finish());
  WaitForReset();
}

}  // namespace kws::stm32

// Bit 2 of EXC_RETURN says which stack has the frame.
extern "C" [[gnu::naked]] void Fault_Handler() {
  __asm__ volatile(
      "tst lr, #4\n\t"
      "ite eq\n\t"
      "mrseq r0, msp\n\t"
      "mrsne r0, psp\n\t"
      "b ReportFault");
}

// TFLM and the standard library end here; newlib's own would pull in signals.
extern "C" [[noreturn]] void abort() { kws::stm32::Panic("abort"); }
extern "C" [[noreturn]] void __cxa_pure_virtual() { kws::stm32::Panic("pure virtual call"); }
