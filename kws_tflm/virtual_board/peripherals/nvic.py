"""Interrupt controller state (PM0253 section 4.2): enable, pending, active, priority; who goes next.

Exceptions are numbered as in IPSR: 2 NMI, 3 HardFault, 11 SVCall, 14 PendSV, 15 SysTick, 16 + n for
interrupt n. Each interrupt has a level line: an asserted line pends again after its handler returns.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from kws_tflm.virtual_board.peripherals.base import Peripheral, Register

N_INTERRUPTS = 110
PRIORITY_MASK = 0xF0  # four priority bits
NMI, HARD_FAULT, MEM_MANAGE, BUS_FAULT, USAGE_FAULT, SVCALL, DEBUG, PENDSV, SYSTICK = 2, 3, 4, 5, 6, 11, 12, 14, 15
_FIXED = {1: -3, NMI: -2, HARD_FAULT: -1}
IDLE_PRIORITY = 256
_WORDS = (N_INTERRUPTS + 31) // 32


def _interrupt_registers() -> dict[int, Register]:
    table = {}
    for name, offset in (("ISER", 0x000), ("ICER", 0x080), ("ISPR", 0x100), ("ICPR", 0x180), ("IABR", 0x200)):
        for i in range(_WORDS):
            table[offset + 4 * i] = Register(f"{name}{i}", 0, writable=0)
    for i in range((N_INTERRUPTS + 3) // 4):
        table[0x300 + 4 * i] = Register(f"IPR{i}", 0, writable=0xF0F0F0F0)
    return table


class Nvic(Peripheral):
    """NVIC, mapped at 0xE000E100. `on_change` is called when the next exception may have changed."""

    registers: ClassVar[dict[int, Register]] = _interrupt_registers()

    def __init__(self, base: int) -> None:
        super().__init__("NVIC", base, 0x400)
        self.on_change: Callable[[], None] = lambda: None
        self._clear()

    def _clear(self) -> None:
        self.enabled = 0
        """Enabled exceptions, one bit each; system exceptions are always enabled."""
        self.pending = 0
        self.active = 0
        self._lines = 0
        self.system_priority = dict.fromkeys((MEM_MANAGE, BUS_FAULT, USAGE_FAULT, SVCALL, DEBUG, PENDSV, SYSTICK), 0)
        self.group_shift = 0
        """AIRCR.PRIGROUP."""

    def reset(self) -> None:
        """Back to the state after reset."""
        super().reset()
        self._clear()

    def set_line(self, interrupt: int, asserted: bool) -> None:
        """Drive the level line of interrupt `interrupt`."""
        bit = 1 << (16 + interrupt)
        if asserted == bool(self._lines & bit):
            return
        self._lines ^= bit
        if asserted and not self.active & bit:
            self.pend(16 + interrupt)

    def pend(self, exception: int) -> None:
        """Make `exception` pending."""
        self.pending |= 1 << exception
        self.on_change()

    def priority(self, exception: int) -> int:
        """Priority value of `exception`: lower is more urgent; fixed ones are negative."""
        if exception in _FIXED:
            return _FIXED[exception]
        if exception < 16:
            return self.system_priority.get(exception, 0)
        index = exception - 16
        return self.values[f"IPR{index // 4}"] >> (8 * (index % 4)) & PRIORITY_MASK

    def group(self, priority: int) -> int:
        """Pre-emption part of a priority value."""
        if priority < 0:
            return priority
        return priority & ~((2 << self.group_shift) - 1) & 0xFF

    def execution_priority(self, primask: int, basepri: int, faultmask: int) -> int:
        """Priority of what runs now, boosted by the mask registers."""
        level = IDLE_PRIORITY
        active = self.active
        while active:
            low = active & -active
            level = min(level, self.group(self.priority(low.bit_length() - 1)))
            active ^= low
        if basepri:
            level = min(level, self.group(basepri))
        if primask:
            level = min(level, 0)
        if faultmask:
            level = min(level, -1)
        return level

    def next_exception(self, level: int) -> int | None:
        """The pending, enabled exception that pre-empts execution priority `level`, or None."""
        candidates = self.pending & (self.enabled | 0xFFFF)
        best: tuple[int, int] | None = None
        while candidates:
            low = candidates & -candidates
            number = low.bit_length() - 1
            candidates ^= low
            key = (self.priority(number), number)
            if self.group(key[0]) < level and (best is None or key < best):
                best = key
        return best[1] if best else None

    def enter(self, exception: int) -> None:
        """`exception` begins: no longer pending, active."""
        self.pending &= ~(1 << exception)
        self.active |= 1 << exception

    def leave(self, exception: int) -> None:
        """`exception` returns; an asserted line pends it again."""
        bit = 1 << exception
        self.active &= ~bit
        if self._lines & bit:
            self.pending |= bit

    def read(self, offset: int, size: int) -> int:
        """Value of `size` bytes at `offset`."""
        register = self._register(offset & ~3)
        name, index = register.name[:4], offset >> 2 & 7
        state = {
            "ISER": self.enabled,
            "ICER": self.enabled,
            "ISPR": self.pending,
            "ICPR": self.pending,
            "IABR": self.active,
        }
        if name not in state:
            return super().read(offset, size)
        word = state[name] >> (16 + 32 * index) & 0xFFFFFFFF
        return word >> (8 * (offset & 3)) & ((1 << 8 * size) - 1)

    def write(self, offset: int, size: int, value: int) -> None:
        """Store `size` bytes at `offset`."""
        register = self._register(offset & ~3)
        name, index = register.name[:4], offset >> 2 & 7
        # Writing 0 has no effect in these registers, so a byte access is simply a shifted word access.
        mask = (value << (8 * (offset & 3))) << (16 + 32 * index) & ((1 << 16 + N_INTERRUPTS) - 1)
        if name == "ISER":
            self.enabled |= mask
        elif name == "ICER":
            self.enabled &= ~mask
        elif name == "ISPR":
            self.pending |= mask
        elif name == "ICPR":
            self.pending &= ~mask
            self.pending |= mask & self._lines & ~self.active
        elif name != "IABR":
            super().write(offset, size, value)
        self.on_change()
