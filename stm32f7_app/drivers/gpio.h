// Pins.
#pragma once

#include <cstdint>

namespace kws::stm32 {

// `port`: 0 = A, 1 = B ...; `index`: 0 to 15; `function`: alternate function number, 0 for outputs.
struct Pin {
  uint8_t port;
  uint8_t index;
  uint8_t function;
};

// Gives the pin to its alternate function, push-pull, high speed, no pull.
void ConnectPin(Pin pin);
void MakeOutput(Pin pin);
void WritePin(Pin pin, bool high);

}  // namespace kws::stm32
