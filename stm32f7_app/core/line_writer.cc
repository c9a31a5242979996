#include "stm32f7_app/core/line_writer.h"

namespace kws {
namespace {

char HexDigit(uint32_t nibble) {
  return static_cast<char>(nibble < 10 ? '0' + nibble : 'A' + nibble - 10);
}

char Printable(char c) { return c >= ' ' && c <= '~' ? c : '?'; }

bool NeedsQuotes(const char* text) {
  if (*text == '\0') return true;
  for (; *text != '\0'; ++text) {
    if (*text == ' ' || *text == '"' || *text == '\\') return true;
  }
  return false;
}

}  // namespace

LineWriter::LineWriter(char* buffer, size_t capacity, const char* type)
    : buffer_(buffer), capacity_(capacity) {
  PutText("KWS1 ");
  PutText(type);
}

LineWriter& LineWriter::Unsigned(const char* key, uint64_t value) {
  PutKey(key);
  PutUnsigned(value);
  return *this;
}

LineWriter& LineWriter::Permille(const char* key, uint32_t permille) {
  PutKey(key);
  PutUnsigned(permille / 1000);
  Put('.');
  const uint32_t fraction = permille % 1000;
  Put(HexDigit(fraction / 100));
  Put(HexDigit(fraction / 10 % 10));
  Put(HexDigit(fraction % 10));
  return *this;
}

LineWriter& LineWriter::Hex(const char* key, uint32_t value) {
  PutKey(key);
  PutText("0x");
  for (int shift = 28; shift >= 0; shift -= 4) Put(HexDigit((value >> shift) & 0xF));
  return *this;
}

LineWriter& LineWriter::Text(const char* key, const char* value) {
  PutKey(key);
  const bool quotes = NeedsQuotes(value);
  if (quotes) Put('"');
  for (; *value != '\0'; ++value) PutEscaped(*value);
  if (quotes) Put('"');
  return *this;
}

LineWriter& LineWriter::List(const char* key, const char* const* values, size_t count) {
  PutKey(key);
  bool quotes = count == 0;
  for (size_t i = 0; i < count; ++i) quotes = quotes || NeedsQuotes(values[i]);
  if (quotes) Put('"');
  for (size_t i = 0; i < count; ++i) {
    if (i != 0) Put(',');
    for (const char* c = values[i]; *c != '\0'; ++c) PutEscaped(*c);
  }
  if (quotes) Put('"');
  return *this;
}

size_t LineWriter::Finish() {
  uint8_t checksum = 0;
  if (overflow_) return 0;
  for (size_t i = 0; i < length_; ++i) checksum ^= static_cast<uint8_t>(buffer_[i]);
  PutText(" *");
  Put(HexDigit(checksum >> 4));
  Put(HexDigit(checksum & 0xF));
  PutText("\r\n");
  return overflow_ ? 0 : length_;
}

void LineWriter::Put(char c) {
  if (length_ == capacity_) {
    overflow_ = true;
    return;
  }
  buffer_[length_++] = c;
}

void LineWriter::PutText(const char* text) {
  for (; *text != '\0'; ++text) Put(*text);
}

void LineWriter::PutUnsigned(uint64_t value) {
  char digits[20];
  int n = 0;
  do {
    digits[n++] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  while (n > 0) Put(digits[--n]);
}

void LineWriter::PutKey(const char* key) {
  Put(' ');
  PutText(key);
  Put('=');
}

void LineWriter::PutEscaped(char c) {
  if (c == '"' || c == '\\') Put('\\');
  Put(Printable(c));
}

}  // namespace kws
