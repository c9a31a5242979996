// The microphone's hops, from the DMA interrupt to the main loop.
#pragma once

#include <cstdint>

#include "settings.h"
#include "stm32f7_app/core/ring_buffer.h"
#include "stm32f7_app/drivers/audio.h"

namespace kws {

using MicrophoneQueue = HopQueue<settings::kHopLength, stm32::kAudioQueueDepth>;

// Filled by the audio interrupt once StartMicrophone was called.
MicrophoneQueue& Microphone();

// Starts or restarts the stream.
void StartMicrophone();

// The DMA buffer's place, for the MPU: a power of two, aligned to its size.
uintptr_t DmaRegionBase();
uint32_t DmaRegionBytes();

}  // namespace kws
