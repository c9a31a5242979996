#include "stm32f7_app/core/tap.h"

#include "custom_ops/tflm/compat.h"

// Empty on purpose: the virtual board hooks its address. The barrier keeps the calls and their
// arguments.
extern "C" [[gnu::noinline]] void kws_tap(uint32_t id, const void* data, uint32_t bytes) {
  __asm__ volatile("" ::"r"(id), "r"(data), "r"(bytes) : "memory");
}

#if KWS_TFLM_API == 2020
// TFLM's own debug channel; errors arrive through TflmErrorLog instead.
extern "C" void DebugLog(const char*) {}
#endif
