#include "stm32f7_app/core/tflm_error_log.h"

#include <cstring>

namespace kws {
namespace {

// TFLM's words for an exhausted arena: the allocators' of both generations ("Failed to allocate
// memory", "... tail memory", "Failed to resize buffer"), micro_allocator.cc's of 2020 and
// greedy_memory_planner.cc's.
constexpr char kAllocationFailed[] = ". Requested: %";
constexpr char kActivationsTooLarge[] = "Arena size is too small for activation buffers";
constexpr char kPlannerTooSmall[] = "Too many buffers (max is ";

bool StartsWith(const char* text, const char* prefix) {
  return std::strncmp(text, prefix, std::strlen(prefix)) == 0;
}

bool IsPrintable(char c) { return c >= ' ' && c <= '~'; }

bool LooksLikeText(const char* text) {
  if (text == nullptr) return false;
  for (int i = 0; i < 4; ++i) {
    if (text[i] == '\0') return i > 0;
    if (!IsPrintable(text[i])) return false;
  }
  return true;
}

}  // namespace

int TflmErrorLog::Report(const char* format, va_list args) {
  const bool allocation_failed = std::strstr(format, kAllocationFailed) != nullptr;
  const bool arena_exhausted = allocation_failed || StartsWith(format, kActivationsTooLarge) ||
                               StartsWith(format, kPlannerTooSmall);
  if (arena_exhausted) {
    va_list sizes;
    va_copy(sizes, args);
    const uint32_t first = va_arg(sizes, uint32_t);
    if (allocation_failed) {
      (void)va_arg(sizes, uint32_t);
      missing_bytes_ = va_arg(sizes, uint32_t);
    } else if (StartsWith(format, kActivationsTooLarge)) {
      missing_bytes_ = first - va_arg(sizes, uint32_t);
    }
    va_end(sizes);
  }
  if (length_ != 0) Append("; ");
  AppendFormatted(format, args);
  if (arena_exhausted && armed) std::longjmp(out_of_memory, 1);
  return 0;
}

void TflmErrorLog::Clear() {
  text_[0] = '\0';
  length_ = 0;
  missing_bytes_ = 0;
}

void TflmErrorLog::Append(const char* text) {
  for (; *text != '\0'; ++text) AppendChar(*text);
}

void TflmErrorLog::AppendUnsigned(uint32_t value) {
  char digits[10];
  int n = 0;
  do {
    digits[n++] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  while (n > 0) AppendChar(digits[--n]);
}

void TflmErrorLog::AppendFormatted(const char* format, va_list args) {
  va_list values;
  va_copy(values, args);
#if KWS_TFLM_API == 2020
  // Messages of kernels come through ContextHelper::ReportOpError, which hands its va_list on as
  // the only variable argument. Seen as a string that is never text: unwrap it then.
  if (std::strchr(format, '%') != nullptr && std::strchr(format, '%')[1] == 's') {
    va_list first;
    va_copy(first, args);
    const char* candidate = va_arg(first, const char*);
    va_end(first);
    if (candidate != nullptr && !LooksLikeText(candidate)) {
      va_end(values);
      if constexpr (sizeof(va_list) == sizeof(candidate)) {
        std::memcpy(&values, &candidate, sizeof(values));
      } else {
        std::memcpy(&values, candidate, sizeof(values));
      }
    }
  }
#endif
  for (const char* c = format; *c != '\0'; ++c) {
    if (*c != '%' || c[1] == '\0') {
      AppendChar(*c);
      continue;
    }
    switch (*++c) {
      case 'd':
      case 'i':
        AppendSigned(va_arg(values, int32_t));
        break;
      case 'u':
      case 'x':
        AppendUnsigned(va_arg(values, uint32_t));
        break;
      case 'f':
        (void)va_arg(values, double);
        AppendChar('?');
        break;
      case 's': {
        const char* text = va_arg(values, const char*);
        Append(LooksLikeText(text) ? text : "?");
        break;
      }
      default:
        AppendChar(*c);
    }
  }
}

void TflmErrorLog::AppendChar(char c) {
  if (length_ + 1 >= kCapacity) return;
  text_[length_++] = IsPrintable(c) ? c : ' ';
  text_[length_] = '\0';
}

void TflmErrorLog::AppendSigned(int32_t value) {
  if (value < 0) AppendChar('-');
  AppendUnsigned(value < 0 ? 0u - static_cast<uint32_t>(value) : static_cast<uint32_t>(value));
}

}  // namespace kws
