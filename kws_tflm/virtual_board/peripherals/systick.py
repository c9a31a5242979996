"""SysTick timer (PM0253 section 4.4)."""

from __future__ import annotations

from typing import ClassVar

from kws_tflm.virtual_board.peripherals.base import Peripheral, Register
from kws_tflm.virtual_board.peripherals.nvic import SYSTICK, Nvic
from kws_tflm.virtual_board.scheduler import Event, Scheduler

_ENABLE, _TICKINT, _CLKSOURCE, _COUNTFLAG = 1, 2, 4, 1 << 16


class SysTick(Peripheral):
    """SYST at 0xE000E010: a 24-bit down counter; the value is computed from the time, not counted."""

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("CTRL", 0, writable=0x7),
        0x04: Register("LOAD", 0, writable=0xFFFFFF),
        0x08: Register("VAL", 0, writable=0),
        0x0C: Register("CALIB", 0xC0000000, writable=0),
    }

    def __init__(self, base: int, scheduler: Scheduler, nvic: Nvic) -> None:
        super().__init__("SYST", base, 0x10)
        self._scheduler = scheduler
        self._nvic = nvic
        self._event: Event | None = None
        self._count_flag = False
        self._stopped_value = 0

    def reset(self) -> None:
        """Back to the state after reset."""
        super().reset()
        Scheduler.cancel(self._event)
        self._event, self._count_flag, self._stopped_value = None, False, 0

    @property
    def _step(self) -> int:
        """Core cycles of one count: the STM32 feeds HCLK / 8 as the external clock."""
        return 1 if self.values["CTRL"] & _CLKSOURCE else 8

    def _read_ctrl(self) -> int:
        value = self.values["CTRL"] | (_COUNTFLAG if self._count_flag else 0)
        self._count_flag = False
        return value

    def _write_ctrl(self, value: int, old: int) -> None:
        if value & _ENABLE and not old & _ENABLE:
            self._start(self._stopped_value)
        elif old & _ENABLE and not value & _ENABLE:
            self._stopped_value = self._current()
            Scheduler.cancel(self._event)
            self._event = None

    def _read_val(self) -> int:
        return self._current() if self._event else self._stopped_value

    def _write_val(self, value: int, old: int) -> None:
        self._count_flag = False
        self._stopped_value = 0
        if self.values["CTRL"] & _ENABLE:
            self._start(0)

    def _start(self, value: int) -> None:
        # From 0 the counter first reloads: LOAD + 1 counts to the next zero.
        Scheduler.cancel(self._event)
        counts = value or self.values["LOAD"] + 1
        if self.values["LOAD"] == 0 and value == 0:
            self._event = None  # a zero reload value disables the counter
            return
        self._event = self._scheduler.at(self._scheduler.cycle + counts * self._step, self._tick)

    def _tick(self) -> None:
        assert self._event is not None
        at = self._event.cycle
        self._count_flag = True
        period = (self.values["LOAD"] + 1) * self._step
        self._event = self._scheduler.at(at + period, self._tick) if self.values["LOAD"] else None
        if self.values["CTRL"] & _TICKINT:
            self._nvic.pend(SYSTICK)

    def _current(self) -> int:
        if self._event is None:
            return 0
        left = int(-(-(self._event.cycle - self._scheduler.cycle) // self._step))
        return max(0, min(left, self.values["LOAD"]))
