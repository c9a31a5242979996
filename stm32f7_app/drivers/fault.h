// What happens when the core faults: one E90 line on the console, then the watchdog resets.
#pragma once

namespace kws::stm32 {

// Makes memory, bus and usage faults arrive as such.
void EnableFaultHandlers();

// Reports `message` as E90 and waits for the watchdog.
[[noreturn]] void Panic(const char* message);

}  // namespace kws::stm32
