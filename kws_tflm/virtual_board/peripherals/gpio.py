"""General-purpose I/O (RM0410 section 6): modes, alternate functions, output levels."""

from __future__ import annotations

from collections.abc import Callable

from kws_tflm.virtual_board.peripherals.base import Peripheral, Register

# Port A and B carry the debug port after reset.
_RESETS = {"GPIOA": (0xA8000000, 0x0C000000, 0x64000000), "GPIOB": (0x00000280, 0x000000C0, 0x00000100)}


class Gpio(Peripheral):
    """One port. `on_output(pin, level)` is called when an output pin changes; `inputs` drives input pins."""

    def __init__(self, name: str, base: int, on_output: Callable[[str, int, bool], None]) -> None:
        mode, speed, pull = _RESETS.get(name, (0, 0, 0))
        registers = {
            0x00: Register("MODER", mode),
            0x04: Register("OTYPER", 0, writable=0xFFFF),
            0x08: Register("OSPEEDR", speed),
            0x0C: Register("PUPDR", pull),
            0x10: Register("IDR", 0, writable=0),
            0x14: Register("ODR", 0, writable=0xFFFF),
            0x18: Register("BSRR", 0, writable=0),
            0x1C: Register("LCKR", 0, writable=0, unsupported=0x10000),
            0x20: Register("AFRL"),
            0x24: Register("AFRH"),
        }
        super().__init__(name, base, registers=registers)
        self.inputs = 0
        """Levels that the outside world drives, one bit a pin."""
        self._on_output = on_output

    def alternate_function(self, pin: int) -> int | None:
        """Number of the alternate function that `pin` is set to, or None in another mode."""
        if self.values["MODER"] >> (2 * pin) & 3 != 2:
            return None
        register = "AFRL" if pin < 8 else "AFRH"
        return self.values[register] >> (4 * (pin % 8)) & 0xF

    def output(self, pin: int) -> bool:
        """Level of an output pin; False when it is not an output."""
        return self.values["MODER"] >> (2 * pin) & 3 == 1 and bool(self.values["ODR"] >> pin & 1)

    def _read_idr(self) -> int:
        value = 0
        for pin in range(16):
            mode = self.values["MODER"] >> (2 * pin) & 3
            source = self.values["ODR"] if mode == 1 else self.inputs
            value |= source & 1 << pin
        return value

    def _write_odr(self, value: int, old: int) -> None:
        self._announce(old)

    def _write_bsrr(self, value: int, old: int) -> None:
        previous = self.values["ODR"]
        self.values["ODR"] = (previous & ~(value >> 16)) | (value & 0xFFFF)
        self._announce(previous)

    def _write_moder(self, value: int, old: int) -> None:
        # A pin that has just become an output shows its level.
        self._announce(~self.values["ODR"] & 0xFFFF if value != old else self.values["ODR"])

    def _announce(self, previous: int) -> None:
        changed = previous ^ self.values["ODR"]
        for pin in range(16):
            if changed >> pin & 1 and self.values["MODER"] >> (2 * pin) & 3 == 1:
                self._on_output(self.name, pin, bool(self.values["ODR"] >> pin & 1))
