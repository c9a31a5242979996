// NUCLEO-F746ZG (ST UM1974): pins and clocks.
#pragma once

#include <cstdint>

#include "stm32f7_app/drivers/gpio.h"

namespace kws::board {

inline constexpr char kName[] = "nucleo_f746zg";

// 8 MHz from the ST-LINK's MCO: a clock signal, not a crystal.
inline constexpr uint32_t kHseHz = 8000000;
inline constexpr bool kHseBypass = true;

enum : uint8_t { kPortA, kPortB, kPortC, kPortD };

inline constexpr stm32::Pin kLed = {kPortB, 0, 0};  // LD1, green

// USART3 to the ST-LINK's virtual serial port.
inline constexpr stm32::Pin kConsoleTx = {kPortD, 8, 7};
inline constexpr stm32::Pin kConsoleRx = {kPortD, 9, 7};

// I2S2: an I2S MEMS microphone on connector CN7 (pins 16, 18, 20), L/R select to ground = left.
inline constexpr stm32::Pin kMicrophoneWs = {kPortB, 12, 5};
inline constexpr stm32::Pin kMicrophoneClock = {kPortB, 13, 5};
inline constexpr stm32::Pin kMicrophoneData = {kPortB, 15, 5};

}  // namespace kws::board
