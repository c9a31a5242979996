// One line of the console protocol, written into a caller's buffer without printf or heap.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kws {

// `KWS1 <type> key=value ... *HH\r\n`, HH = XOR of all bytes before " *" (docs/console.md).
//
// A line that does not fit is given up as a whole: `Finish` then returns 0, never a cut line.
class LineWriter {
 public:
  LineWriter(char* buffer, size_t capacity, const char* type);

  // Keys are [a-z_]+; they are not escaped.
  LineWriter& Unsigned(const char* key, uint64_t value);
  // permille as 0.000 to 1.000 (larger values as they are: 12.345).
  LineWriter& Permille(const char* key, uint32_t permille);
  // 0x and eight hexadecimal digits.
  LineWriter& Hex(const char* key, uint32_t value);
  // Quoted when empty or when it has a space, a quote or a backslash; bytes that are not printable
  // ASCII become '?'.
  LineWriter& Text(const char* key, const char* value);
  // The strings joined by commas, one value.
  LineWriter& List(const char* key, const char* const* values, size_t count);

  // Adds checksum and line end. Returns the length in bytes (not zero-terminated), 0 if too long.
  size_t Finish();

 private:
  void Put(char c);
  void PutText(const char* text);
  void PutUnsigned(uint64_t value);
  void PutKey(const char* key);
  void PutEscaped(char c);

  char* buffer_;
  size_t capacity_;
  size_t length_ = 0;
  bool overflow_ = false;
};

}  // namespace kws
