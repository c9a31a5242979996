// Output and exit through Arm semihosting: the one console that every emulator and debugger has.
#ifndef KWS_STM32F7_APP_SECOND_OPINION_SEMIHOSTING_H_
#define KWS_STM32F7_APP_SECOND_OPINION_SEMIHOSTING_H_

#include <cstddef>
#include <cstdint>

namespace kws::semihosting {

void Print(const char* text);

// In decimal, with a space before it.
void PrintNumber(uint32_t value);

// Two hexadecimal digits a byte, with a space before the first and a newline behind the last.
void PrintBytes(const void* data, size_t bytes);

[[noreturn]] void Exit(int code);

}  // namespace kws::semihosting

#endif  // KWS_STM32F7_APP_SECOND_OPINION_SEMIHOSTING_H_
