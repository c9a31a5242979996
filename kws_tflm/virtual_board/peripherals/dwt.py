"""DWT cycle counter and the CoreDebug register that switches it on (ARMv7-M ARM C1.8, C1.6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from kws_tflm.virtual_board.peripherals.base import Peripheral, Register
from kws_tflm.virtual_board.scheduler import Scheduler

_LAR_KEY = 0xC5ACCE55
_TRCENA = 1 << 24


class Dwt(Peripheral):
    """CYCCNT counts the core's cycles and stands still in WFI sleep.

    On the Cortex-M7 software must unlock the unit through LAR; a write while locked is lost, which
    `on_warning` reports because the symptom, a counter that stays 0, is otherwise puzzling.
    """

    registers: ClassVar[dict[int, Register]] = {
        0x000: Register("CTRL", 0x40000000, writable=1, unsupported=0x003F1E1E),
        0x004: Register("CYCCNT"),
        0xFB0: Register("LAR", 0, writable=0),
        0xFB4: Register("LSR", 0, writable=0),
    }

    def __init__(self, base: int, scheduler: Scheduler, on_warning: Callable[[str], None]) -> None:
        super().__init__("DWT", base, 0x1000)
        self._scheduler = scheduler
        self._warn = on_warning
        self._unlocked = False
        self._trace_enabled = False
        self._value = 0
        self._since: int | None = None

    def reset(self) -> None:
        """Back to the state after reset."""
        super().reset()
        self._unlocked, self._trace_enabled, self._value, self._since = False, False, 0, None

    def set_trace_enabled(self, enabled: bool) -> None:
        """DEMCR.TRCENA."""
        self._trace_enabled = enabled
        self._restart()

    def write(self, offset: int, size: int, value: int) -> None:
        """Store `size` bytes at `offset`."""
        if offset in (0x000, 0x004) and not self._unlocked:
            self._warn(f"write to {self.register_name(offset)} is lost: unlock it with DWT_LAR = 0x{_LAR_KEY:X}")
            return
        super().write(offset, size, value)

    def _write_lar(self, value: int, old: int) -> None:
        self._unlocked = value == _LAR_KEY

    def _read_lsr(self) -> int:
        return 1 if self._unlocked else 3

    def _write_ctrl(self, value: int, old: int) -> None:
        self._restart()

    def _read_cyccnt(self) -> int:
        running = 0 if self._since is None else self._scheduler.awake_cycles - self._since
        return (self._value + running) & 0xFFFFFFFF

    def _write_cyccnt(self, value: int, old: int) -> None:
        self._value = value
        self._since = None
        self._restart()

    def _restart(self) -> None:
        self._value = self._read_cyccnt()
        self._since = self._scheduler.awake_cycles if self._trace_enabled and self.values["CTRL"] & 1 else None


class CoreDebug(Peripheral):
    """DHCSR to DEMCR, at 0xE000EDF0; no debugger is attached."""

    registers: ClassVar[dict[int, Register]] = {
        0x0: Register("DHCSR", 0, writable=0),
        0xC: Register("DEMCR", 0, writable=_TRCENA),
    }

    def __init__(self, base: int, dwt: Dwt) -> None:
        super().__init__("CoreDebug", base, 0x10)
        self._dwt = dwt

    def _write_demcr(self, value: int, old: int) -> None:
        self._dwt.set_trace_enabled(bool(value & _TRCENA))
