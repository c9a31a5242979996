#include "stm32f7_app/drivers/gpio.h"

#include "stm32f7_app/drivers/registers.h"

namespace kws::stm32 {
namespace {

constexpr uint32_t kModeOutput = 1, kModeAlternate = 2, kSpeedHigh = 2;

void SetField(Register& reg, uint32_t index, uint32_t width, uint32_t value) {
  const uint32_t mask = (1u << width) - 1;
  reg = (reg & ~(mask << (index * width))) | (value << (index * width));
}

void EnablePort(uint8_t port) {
  Rcc().AHB1ENR = Rcc().AHB1ENR | (1u << port);
  (void)Rcc().AHB1ENR;  // the clock needs two cycles after the write [5.2.11]
}

}  // namespace

void ConnectPin(Pin pin) {
  EnablePort(pin.port);
  GpioRegisters& gpio = Gpio(pin.port);
  SetField(gpio.AFR[pin.index / 8], pin.index % 8, 4, pin.function);
  SetField(gpio.OSPEEDR, pin.index, 2, kSpeedHigh);
  SetField(gpio.MODER, pin.index, 2, kModeAlternate);
}

void MakeOutput(Pin pin) {
  EnablePort(pin.port);
  SetField(Gpio(pin.port).MODER, pin.index, 2, kModeOutput);
}

void WritePin(Pin pin, bool high) { Gpio(pin.port).BSRR = (high ? 1u : 1u << 16) << pin.index; }

}  // namespace kws::stm32
