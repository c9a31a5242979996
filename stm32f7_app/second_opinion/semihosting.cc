#include "stm32f7_app/second_opinion/semihosting.h"

namespace kws::semihosting {
namespace {

constexpr uint32_t kWrite0 = 0x04;
constexpr uint32_t kExitExtended = 0x20;
constexpr uint32_t kApplicationExit = 0x20026;
constexpr size_t kBytesPerCall = 512;

uint32_t Call(uint32_t operation, const void* parameter) {
  register uint32_t r0 __asm__("r0") = operation;
  register const void* r1 __asm__("r1") = parameter;
  __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

}  // namespace

void Print(const char* text) { Call(kWrite0, text); }

void PrintNumber(uint32_t value) {
  char text[12];
  char* at = text + sizeof(text);
  *--at = '\0';
  do {
    *--at = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  *--at = ' ';
  Print(at);
}

void PrintBytes(const void* data, size_t bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  static char text[2 * kBytesPerCall + 1];
  const auto* next = static_cast<const uint8_t*>(data);
  Print(" ");
  while (bytes > 0) {
    const size_t count = bytes < kBytesPerCall ? bytes : kBytesPerCall;
    for (size_t i = 0; i < count; ++i) {
      text[2 * i] = kDigits[next[i] >> 4];
      text[2 * i + 1] = kDigits[next[i] & 0xF];
    }
    text[2 * count] = '\0';
    Print(text);
    next += count;
    bytes -= count;
  }
  Print("\n");
}

void Exit(int code) {
  const uint32_t parameters[] = {kApplicationExit, static_cast<uint32_t>(code)};
  for (;;) Call(kExitExtended, parameters);
}

}  // namespace kws::semihosting
