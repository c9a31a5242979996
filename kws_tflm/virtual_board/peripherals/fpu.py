"""Floating-point context registers (PM0253 section 4.7). The context is always stacked at once, never lazily."""

from __future__ import annotations

from typing import ClassVar

from kws_tflm.virtual_board.peripherals.base import Peripheral, Register

ASPEN = 1 << 31


class Fpu(Peripheral):
    """FPCCR to MVFR2, at 0xE000EF34. LSPEN is stored, but stacking is not lazy: the result is the same."""

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("FPCCR", 0xC0000000, writable=0xC0000000),
        0x04: Register("FPCAR", 0, writable=0xFFFFFFF8),
        0x08: Register("FPDSCR", 0, writable=0x07C00000),
        0x0C: Register("MVFR0", 0x10110221, writable=0),
        0x10: Register("MVFR1", 0x12000011, writable=0),
        0x14: Register("MVFR2", 0x00000040, writable=0),
    }

    def __init__(self, base: int) -> None:
        super().__init__("FPU", base, 0x18)

    @property
    def automatic_state(self) -> bool:
        """FPCCR.ASPEN: use of the FPU sets CONTROL.FPCA."""
        return bool(self.values["FPCCR"] & ASPEN)
