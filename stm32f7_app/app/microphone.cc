#include "stm32f7_app/app/microphone.h"

// Placed by the linker script at the end of SRAM.
extern "C" uint8_t _dma_start[], _dma_end[];

namespace kws {
namespace {

MicrophoneQueue queue;

[[gnu::section(".dma_buffer")]] alignas(32) volatile uint16_t
    dma_buffer[2 * settings::kHopLength * stm32::kHalfWordsPerFrame];

}  // namespace

MicrophoneQueue& Microphone() { return queue; }

void StartMicrophone() { stm32::StartAudio(dma_buffer, settings::kHopLength); }

uintptr_t DmaRegionBase() { return reinterpret_cast<uintptr_t>(_dma_start); }

uint32_t DmaRegionBytes() { return static_cast<uint32_t>(_dma_end - _dma_start); }

// In the interrupt: one hop of left-channel samples, the upper 16 of their 24 bits.
void stm32::OnAudioHalf(const volatile uint16_t* frames) {
  int16_t* hop = queue.Begin();
  if (hop == nullptr) return;
  for (uint32_t i = 0; i < settings::kHopLength; ++i) {
    hop[i] = static_cast<int16_t>(frames[i * kHalfWordsPerFrame]);
  }
  queue.Commit();
}

}  // namespace kws
