#include "stm32f7_app/drivers/memory.h"

#include "stm32f7_app/drivers/core.h"

namespace kws::stm32 {
namespace {

// RASR fields [Armv7-M B3.5.9]
constexpr uint32_t kNoExecute = 1u << 28;
constexpr uint32_t kNoAccess = 0u << 24, kReadWrite = 3u << 24, kReadOnly = 6u << 24;
constexpr uint32_t kWriteThrough = 2u << 16;                 // TEX 0, C
constexpr uint32_t kWriteBack = (1u << 19) | (3u << 16);     // TEX 1, C, B
constexpr uint32_t kNotCacheable = (1u << 19) | (1u << 18);  // TEX 1, shareable
constexpr uint32_t kDevice = 1u << 16;                       // TEX 0, B

uint32_t SizeField(uint32_t bytes) {
  return (31u - static_cast<uint32_t>(__builtin_clz(bytes)) - 1u) << 1;
}

// A higher number wins where regions overlap.
void SetRegion(uint32_t number, uint32_t base, uint32_t bytes, uint32_t attributes) {
  Mpu().RNR = number;
  Mpu().RBAR = base;
  Mpu().RASR = attributes | SizeField(bytes) | 1u;
}

void EnableInstructionCache() {
  Cache().ICIALLU = 0;
  Dsb();
  Isb();
  Scb().CCR = Scb().CCR | scb::kInstructionCache;
  Dsb();
  Isb();
}

void EnableDataCache() {
  // The contents are undefined after power-on: invalidate by set and way.
  Scb().CSSELR = 0;
  Dsb();
  const uint32_t size = Scb().CCSIDR;
  const uint32_t sets = (size >> 13) & 0x7FFF;
  const uint32_t ways = (size >> 3) & 0x3FF;
  for (uint32_t set = 0; set <= sets; ++set) {
    for (uint32_t way = 0; way <= ways; ++way) Cache().DCISW = (way << 30) | (set << 5);
  }
  Dsb();
  Scb().CCR = Scb().CCR | scb::kDataCache;
  Dsb();
  Isb();
}

}  // namespace

void StartMemorySystem(uintptr_t dma_base, uint32_t dma_bytes) {
  constexpr uint32_t k1K = 1u << 10, k2M = 1u << 21, k512K = 1u << 19, k512M = 1u << 29;
  SetRegion(0, 0x00000000, k1K, kNoExecute | kNoAccess);  // null pointers
  SetRegion(1, 0x08000000, k2M, kReadOnly | kWriteThrough);
  SetRegion(2, 0x20000000, k512K, kNoExecute | kReadWrite | kWriteBack);
  SetRegion(3, dma_base, dma_bytes, kNoExecute | kReadWrite | kNotCacheable);
  SetRegion(4, 0x40000000, k512M, kNoExecute | kReadWrite | kDevice);
  // The default map calls these cacheable memory, so the core may read ahead into an external bus
  // that nobody configured.
  SetRegion(5, 0x60000000, k512M, kNoExecute | kNoAccess);
  SetRegion(6, 0x80000000, k512M, kNoExecute | kNoAccess);
  Mpu().CTRL = 5;  // on, default map elsewhere
  Dsb();
  Isb();
  EnableInstructionCache();
  EnableDataCache();
}

}  // namespace kws::stm32
