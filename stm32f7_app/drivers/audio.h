// The microphone: I2S2 master receive at 16,000 frames a second, circular DMA, hops of int16.
#pragma once

#include <cstdint>

#include "stm32f7_app/core/ring_buffer.h"

namespace kws::stm32 {

// Half-words of one stereo frame of 24-bit data in 32-bit slots: L high, L low, R high, R low.
constexpr uint32_t kHalfWordsPerFrame = 4;
// Hops that may wait while an inference runs: 16 x 20 ms. Power of two.
constexpr uint32_t kAudioQueueDepth = 16;

struct AudioErrors {
  uint32_t dma;  // TEIF, DMEIF, FEIF
  uint32_t i2s;  // OVR
};

// Starts or restarts the stream. `buffer` holds two hops of frames, is not cacheable and reachable
// by DMA1; its halves are announced by the half-transfer and transfer-complete interrupts.
void StartAudio(volatile uint16_t* buffer, uint32_t hop_length);
void StopAudio();

AudioErrors GetAudioErrors();

// Called from the DMA interrupt with one complete half: hop_length frames. The left channel is the
// microphone. Defined by the application.
void OnAudioHalf(const volatile uint16_t* frames);

}  // namespace kws::stm32
