"""Flash interface (RM0410 section 3): wait states and accelerators. Programming is not modelled."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from kws_tflm.virtual_board.peripherals.base import Peripheral, Register, bits


class FlashInterface(Peripheral):
    """FLASH registers; `on_change` is called after ACR was written."""

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("ACR", 0, writable=0x00000B0F),
        0x0C: Register("SR", 0, writable=0),
        0x10: Register("CR", 0x80000000, writable=0, unsupported=0x7FFFFFFF),
        0x14: Register("OPTCR", 0xFFFFAAFD, writable=0),
        0x18: Register("OPTCR1", 0x00400080, writable=0),
    }

    def __init__(self, base: int) -> None:
        super().__init__("FLASH", base)
        self.on_change: Callable[[], None] = lambda: None

    @property
    def latency(self) -> int:
        """Wait states."""
        return bits(self.values["ACR"], 3, 0)

    @property
    def accelerator(self) -> bool:
        """ACR.ARTEN."""
        return bool(self.values["ACR"] & 1 << 9)

    @property
    def prefetch(self) -> bool:
        """ACR.PRFTEN."""
        return bool(self.values["ACR"] & 1 << 8)

    def _write_acr(self, value: int, old: int) -> None:
        self.on_change()
