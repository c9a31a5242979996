"""Debug support unit (RM0410 section 43.16): the device identity; freeze bits have no effect without a debugger."""

from __future__ import annotations

from typing import ClassVar

from kws_tflm.virtual_board.peripherals.base import Peripheral, Register


class DbgMcu(Peripheral):
    """DBGMCU. IDCODE is that of an STM32F76x/77x, revision Z."""

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("IDCODE", 0x10010451, writable=0),
        0x04: Register("CR"),
        0x08: Register("APB1_FZ"),
        0x0C: Register("APB2_FZ"),
    }

    def __init__(self, base: int) -> None:
        super().__init__("DBGMCU", base)
