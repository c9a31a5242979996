"""Independent watchdog (RM0410 section 33), clocked by the 32 kHz LSI."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import ClassVar

from kws_tflm.errors import BoardError
from kws_tflm.virtual_board.peripherals.base import Peripheral, Register
from kws_tflm.virtual_board.peripherals.clock_tree import LSI_HZ
from kws_tflm.virtual_board.scheduler import Event, Scheduler

_RELOAD, _UNLOCK, _START = 0xAAAA, 0x5555, 0xCCCC
_UPDATE_SECONDS = Fraction(5, LSI_HZ)


class Iwdg(Peripheral):
    """IWDG; calls `on_timeout` when it is not refreshed in time. Only a reset stops it."""

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("KR", 0, writable=0),
        0x04: Register("PR", 0, writable=0x7),
        0x08: Register("RLR", 0xFFF, writable=0xFFF),
        0x0C: Register("SR", 0, writable=0),
        0x10: Register("WINR", 0xFFF, writable=0xFFF, unsupported=0xFFF),
    }

    def __init__(self, base: int, scheduler: Scheduler, on_timeout: Callable[[], None]) -> None:
        super().__init__("IWDG", base)
        self._scheduler = scheduler
        self._on_timeout = on_timeout
        self._event: Event | None = None
        self._running = False
        self._unlocked = False
        self._updating_until = -1

    def reset(self) -> None:
        """Back to the state after reset."""
        super().reset()
        Scheduler.cancel(self._event)
        self._event, self._running, self._unlocked, self._updating_until = None, False, False, -1

    @property
    def timeout_seconds(self) -> Fraction:
        """Time from a refresh to the reset."""
        divider = 4 << min(self.values["PR"], 6)
        return Fraction((self.values["RLR"] + 1) * divider, LSI_HZ)

    def _write_kr(self, value: int, old: int) -> None:
        self._unlocked = value == _UNLOCK
        if value == _START:
            self._running = True
        if value in (_RELOAD, _START) and self._running:
            self._refresh()

    def _write_pr(self, value: int, old: int) -> None:
        if not self._unlocked:
            raise BoardError("IWDG prescaler or reload is written while locked; write 0x5555 to IWDG_KR first")
        self._updating_until = self._scheduler.cycle + int(_UPDATE_SECONDS * self._scheduler.frequency)

    _write_rlr = _write_pr

    def _read_sr(self) -> int:
        return 3 if self._scheduler.cycle < self._updating_until else 0

    def _refresh(self) -> None:
        Scheduler.cancel(self._event)
        self._event = self._scheduler.after_seconds(self.timeout_seconds, self._on_timeout)
