// MPU regions and caches.
#pragma once

#include <cstdint>

namespace kws::stm32 {

// Flash read-only, RAM not executable, a trap at address 0, `dma_base` (a power of two of
// `dma_bytes`, aligned to its size) not cacheable; then both caches on. Call with DMA stopped.
void StartMemorySystem(uintptr_t dma_base, uint32_t dma_bytes);

}  // namespace kws::stm32
