"""Power control (RM0410 section 4): voltage scaling and over-drive. Stop and standby are not modelled."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from kws_tflm.virtual_board.peripherals.base import Peripheral, Register, bits
from kws_tflm.virtual_board.scheduler import Scheduler

_ODEN, _ODSWEN = 1 << 16, 1 << 17
_OVER_DRIVE_SECONDS = 45e-6


class Pwr(Peripheral):
    """PWR. `pll_on` tells whether the PLL runs: the scaling takes effect then."""

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("CR1", 0x0000C000, writable=0x000FEFF3, unsupported=0x3),
        0x04: Register("CSR1", 0, writable=0x200),
        0x08: Register("CR2", 0, writable=0x3F3F),
        0x0C: Register("CSR2", 0, writable=0x3F00),
    }

    def __init__(self, base: int, scheduler: Scheduler, pll_on: Callable[[], bool]) -> None:
        super().__init__("PWR", base)
        self._scheduler = scheduler
        self._pll_on = pll_on
        self._over_drive_ready = 0

    def reset(self) -> None:
        """Back to the state after reset."""
        super().reset()
        self._over_drive_ready = 0

    @property
    def voltage_scale(self) -> int:
        """VOS field: 3 is scale 1 (fastest)."""
        return bits(self.values["CR1"], 15, 14)

    @property
    def over_drive(self) -> bool:
        """Over-drive is on and switched to."""
        return self._over_drive_ready == _ODEN | _ODSWEN

    def _write_cr1(self, value: int, old: int) -> None:
        self._over_drive_ready &= value
        for bit in (_ODEN, _ODSWEN):
            if value & bit and not old & bit:
                self._scheduler.after_seconds(_OVER_DRIVE_SECONDS, lambda bit=bit: self._switch(bit))  # type: ignore[misc]

    def _read_csr1(self) -> int:
        return self.values["CSR1"] | self._over_drive_ready | (1 << 14 if self._pll_on() else 0)

    def _switch(self, bit: int) -> None:
        # The switch to over-drive happens only once over-drive itself is ready.
        if self.values["CR1"] & bit and (bit == _ODEN or self._over_drive_ready & _ODEN):
            self._over_drive_ready |= bit
