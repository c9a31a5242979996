"""Is what the core reads from a DMA buffer what the DMA wrote? Unicorn has no caches, so the rule is checked.

With the data cache on, a buffer must lie in memory that is not cached (DTCM, or an MPU region), or software
must invalidate each line after it was filled and before it is filled again.
"""

from __future__ import annotations

from kws_tflm.errors import BoardError
from kws_tflm.virtual_board import memory_map
from kws_tflm.virtual_board.peripherals.mpu import Mpu
from kws_tflm.virtual_board.peripherals.scb import Scb

LINE_BYTES = 32


class CoherencyCheck:
    """Follows the cache lines that DMA writes behind the data cache's back."""

    def __init__(self, scb: Scb, mpu: Mpu) -> None:
        self._scb = scb
        self._mpu = mpu
        self._stale: set[int] = set()
        self._lines: dict[tuple[int, int, int], list[int]] = {}

    def reset(self) -> None:
        """The caches are off and empty."""
        self._stale.clear()
        self._lines.clear()

    def begin(self, address: int, size: int) -> None:
        """A stream is enabled on [address, address + size): the DMA must be able to write there."""
        if not memory_map.is_writable(address, size) or address < 0x20000000:
            raise BoardError(f"DMA buffer 0x{address:08x} ({size} bytes) is not in DTCM or SRAM")

    def filled(self, address: int, size: int) -> None:
        """DMA has completed [address, address + size)."""
        if not self._scb.dcache_enabled:
            return
        for line in self._cacheable_lines(address, size):
            if line in self._stale:
                raise BoardError(
                    f"DMA buffer at 0x{line:08x} is cacheable and was not invalidated: the core reads old data; "
                    "make it non-cacheable with an MPU region, or put it into DTCM"
                )
            self._stale.add(line)

    def _cacheable_lines(self, address: int, size: int) -> list[int]:
        key = (address, size, self._mpu.version)
        if key not in self._lines:
            lines = range(address & ~(LINE_BYTES - 1), address + size, LINE_BYTES)
            self._lines[key] = [line for line in lines if self._mpu.cacheable(line)]
        return self._lines[key]

    def invalidate_line(self, address: int) -> None:
        """DCIMVAC or DCCIMVAC."""
        self._stale.discard(address & ~(LINE_BYTES - 1))

    def invalidate_all(self) -> None:
        """Invalidation by set and way, which is done for the whole cache."""
        self._stale.clear()
