// USART3, 115200 8N1: the ST-LINK's virtual serial port. Interrupt-driven in both directions.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kws::stm32 {

void StartSerialPort(uint32_t apb1_hz);

// Queues a whole line; when it does not fit, drops it, counts it and returns false. Never waits.
bool SendLine(const char* line, size_t length);
// True when SendLine would take a line of that length.
bool CanSend(size_t length);
// Takes one received byte; false when there is none.
bool ReceiveByte(char* c);
// True when ReceiveByte would give one.
bool HasReceived();

// Lines dropped because the transmit queue was full.
uint32_t SerialTxDropped();
// Bytes lost because the receive queue was full or the receiver overran.
uint32_t SerialRxDropped();

// Waits for the port and writes what is queued, then `text`: for fault handlers, with interrupts
// off.
void SendPolled(const char* text, size_t length);

}  // namespace kws::stm32
