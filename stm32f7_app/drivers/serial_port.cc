#include "stm32f7_app/drivers/serial_port.h"

#include "board.h"
#include "stm32f7_app/core/ring_buffer.h"
#include "stm32f7_app/drivers/core.h"
#include "stm32f7_app/drivers/gpio.h"

namespace kws::stm32 {
namespace {

constexpr uint32_t kBaud = 115200;
constexpr uint8_t kIrqPriority = 8;
constexpr uint32_t kTxBytes = 4096;
constexpr uint32_t kRxBytes = 256;

ByteRing<kTxBytes> tx;
ByteRing<kRxBytes> rx;
uint32_t tx_dropped;
volatile uint32_t rx_dropped;

void WriteByte(char c) {
  // About 100 character times, in case the port was never started.
  for (uint32_t n = 0; n < 200000 && (Usart3().ISR & usart::kTxEmpty) == 0; ++n) {
  }
  Usart3().TDR = static_cast<uint8_t>(c);
}

}  // namespace

void StartSerialPort(uint32_t apb1_hz) {
  Rcc().APB1ENR = Rcc().APB1ENR | rcc::kUsart3Enable;
  ConnectPin(board::kConsoleTx);
  ConnectPin(board::kConsoleRx);
  Usart3().BRR = (apb1_hz + kBaud / 2) / kBaud;
  Usart3().CR1 = usart::kEnable | usart::kReceive | usart::kTransmit | usart::kRxIrq;
  EnableIrq(kIrqUsart3, kIrqPriority);
}

bool SendLine(const char* line, size_t length) {
  if (!tx.Push(line, static_cast<uint32_t>(length))) {
    ++tx_dropped;
    return false;
  }
  // The handler clears TXEIE when it finds the queue empty; it must not do so between our read and
  // write of CR1.
  DisableInterrupts();
  Usart3().CR1 = Usart3().CR1 | usart::kTxIrq;
  EnableInterrupts();
  return true;
}

bool CanSend(size_t length) { return length <= tx.Free(); }

bool ReceiveByte(char* c) { return rx.Pop(c); }

bool HasReceived() { return !rx.Empty(); }

uint32_t SerialTxDropped() { return tx_dropped; }

uint32_t SerialRxDropped() { return rx_dropped; }

void SendPolled(const char* text, size_t length) {
  Usart3().CR1 =
      (Usart3().CR1 & ~(usart::kTxIrq | usart::kRxIrq)) | usart::kEnable | usart::kTransmit;
  char queued;
  while (tx.Pop(&queued)) WriteByte(queued);
  for (size_t i = 0; i < length; ++i) WriteByte(text[i]);
}

}  // namespace kws::stm32

extern "C" void USART3_IRQHandler() {
  using namespace kws::stm32;
  const uint32_t status = Usart3().ISR;
  if ((status & usart::kOverrun) != 0) rx_dropped = rx_dropped + 1;
  Usart3().ICR = usart::kClearErrors;
  if ((status & usart::kRxNotEmpty) != 0) {
    const char c = static_cast<char>(Usart3().RDR);
    if (!rx.Push(&c, 1)) rx_dropped = rx_dropped + 1;
  }
  if ((status & usart::kTxEmpty) != 0 && (Usart3().CR1 & usart::kTxIrq) != 0) {
    char c;
    if (tx.Pop(&c)) {
      Usart3().TDR = static_cast<uint8_t>(c);
    } else {
      Usart3().CR1 = Usart3().CR1 & ~usart::kTxIrq;
    }
  }
}
