"""Memory protection unit (PM0253 section 4.6): regions and the memory attributes they give.

Access permissions are not enforced (Unicorn has no PMSAv7 interface); the attributes are used to check
that DMA buffers are coherent with the data cache.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from kws_tflm.virtual_board.peripherals.base import Peripheral, Register, bits

N_REGIONS = 8


@dataclass(frozen=True)
class Region:
    """One enabled region."""

    number: int
    base: int
    size: int
    attributes: int
    """RASR."""

    def covers(self, address: int) -> bool:
        """`address` lies in the region and in a sub-region that is not disabled."""
        offset = address - self.base
        if not 0 <= offset < self.size:
            return False
        if self.size < 256:
            return True
        return not bits(self.attributes, 15, 8) >> (offset * 8 // self.size) & 1

    @property
    def cacheable(self) -> bool:
        """TEX, S, C, B give memory that the Cortex-M7 keeps in its data cache."""
        tex, shareable = bits(self.attributes, 21, 19), bits(self.attributes, 18, 18)
        c, b = bits(self.attributes, 17, 17), bits(self.attributes, 16, 16)
        if shareable:
            return False  # shareable normal memory is not cached (CACR.SIWT = 0)
        if tex >= 4:
            return (c, b) != (0, 0)
        return bool(c) and (tex == 0 or b == 1)


class Mpu(Peripheral):
    """MPU at 0xE000ED90, with the four RBAR/RASR aliases."""

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("TYPE", N_REGIONS << 8, writable=0),
        0x04: Register("CTRL", 0, writable=0x7),
        0x08: Register("RNR", 0, writable=0xFF),
        0x0C: Register("RBAR", 0, writable=0),
        0x10: Register("RASR", 0, writable=0),
        0x14: Register("RBAR_A1", 0, writable=0),
        0x18: Register("RASR_A1", 0, writable=0),
        0x1C: Register("RBAR_A2", 0, writable=0),
        0x20: Register("RASR_A2", 0, writable=0),
        0x24: Register("RBAR_A3", 0, writable=0),
        0x28: Register("RASR_A3", 0, writable=0),
    }

    def __init__(self, base: int) -> None:
        super().__init__("MPU", base, 0x2C)
        self._rbar = [0] * N_REGIONS
        self._rasr = [0] * N_REGIONS
        self.version = 0
        """Changes with each write to the unit."""
        self.on_change: Callable[[], None] = lambda: None

    def write(self, offset: int, size: int, value: int) -> None:
        """Store `size` bytes at `offset`."""
        super().write(offset, size, value)
        self.version += 1
        self.on_change()

    def reset(self) -> None:
        """Back to the state after reset."""
        super().reset()
        self._rbar = [0] * N_REGIONS
        self._rasr = [0] * N_REGIONS

    @property
    def enabled(self) -> bool:
        """CTRL.ENABLE."""
        return bool(self.values["CTRL"] & 1)

    def regions(self) -> list[Region]:
        """Enabled regions, highest number (which wins) first."""
        found = []
        for number in range(N_REGIONS - 1, -1, -1):
            rasr = self._rasr[number]
            if rasr & 1:
                size = 2 << bits(rasr, 5, 1)
                found.append(Region(number, self._rbar[number] & ~(size - 1), size, rasr))
        return found

    def cacheable(self, address: int) -> bool:
        """The data cache, when on, may hold `address`."""
        if 0x20000000 <= address < 0x20020000 or address < 0x4000:
            return False  # tightly coupled memory is never cached
        if self.enabled:
            for region in self.regions():
                if region.covers(address):
                    return region.cacheable
        return address < 0xA0000000 and not 0x40000000 <= address < 0x60000000

    @property
    def _number(self) -> int:
        return self.values["RNR"] % N_REGIONS

    def _read_rbar(self) -> int:
        return self._rbar[self._number] | self._number

    def _read_rasr(self) -> int:
        return self._rasr[self._number]

    _read_rbar_a1 = _read_rbar_a2 = _read_rbar_a3 = _read_rbar
    _read_rasr_a1 = _read_rasr_a2 = _read_rasr_a3 = _read_rasr

    def _write_rbar(self, value: int, old: int) -> None:
        if value & 0x10:
            self.values["RNR"] = value & 0xF
        self._rbar[self._number] = value & ~0x1F

    def _write_rasr(self, value: int, old: int) -> None:
        self._rasr[self._number] = value & 0x173FFF3F

    _write_rbar_a1 = _write_rbar_a2 = _write_rbar_a3 = _write_rbar
    _write_rasr_a1 = _write_rasr_a2 = _write_rasr_a3 = _write_rasr
