"""DMA controller (RM0410 section 8): peripheral to memory, normal or circular, half and full interrupts.

Transfers are made lazily and in bulk: when a half or the end of the buffer is due, and when software
looks at the stream. What software sees is what it would see with one transfer at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Protocol

from kws_tflm.errors import BoardError
from kws_tflm.virtual_board.coherency import CoherencyCheck
from kws_tflm.virtual_board.peripherals.base import Peripheral, Register, bits
from kws_tflm.virtual_board.scheduler import Event, Scheduler

_EN, _TEIE, _HTIE, _TCIE, _CIRC, _MINC = 1, 1 << 2, 1 << 3, 1 << 4, 1 << 8, 1 << 10
_UNSUPPORTED = 1 << 5 | 1 << 9 | 1 << 15 | 1 << 18 | 1 << 19
_TEIF, _HTIF, _TCIF = 1 << 3, 1 << 4, 1 << 5
_FLAG_SHIFT = (0, 6, 16, 22)


class DmaSource(Protocol):
    """A peripheral that asks for transfers. Items are as wide as the data register read (PSIZE)."""

    name: str

    def items_ready(self) -> int:
        """Items produced and not yet taken."""
        ...

    def drop_missed(self) -> None:
        """A stream begins to take items: those that nobody has taken in time are lost."""
        ...

    def take(self, count: int) -> bytes:
        """The next `count` items."""
        ...

    def cycle_of(self, count: int) -> int | None:
        """Core cycle at which `count` items will be ready, or None while nothing is produced."""
        ...


class Stream:
    """State of one stream."""

    def __init__(self, dma: Dma, index: int) -> None:
        self._dma = dma
        self.index = index
        self.flags = 0
        self.source: DmaSource | None = None
        self._event: Event | None = None
        self._total = 0
        self._done = 0

    @property
    def name(self) -> str:
        """For messages."""
        return f"{self._dma.name} stream {self.index}"

    def _value(self, register: str) -> int:
        return self._dma.values[f"S{self.index}{register}"]

    def enable(self) -> None:
        """EN was set."""
        cr = self._value("CR")
        if bits(cr, 7, 6) != 0:
            raise BoardError(f"{self.name}: only peripheral-to-memory transfers are modelled")
        if bits(cr, 12, 11) != 1 or not cr & _MINC:
            raise BoardError(f"{self.name}: only half-word peripheral transfers with MINC are modelled")
        self._total, self._done = self._value("NDTR") & 0xFFFF, 0
        if self._total == 0:
            raise BoardError(f"{self.name} is enabled with NDTR = 0")
        self.source = self._dma.source(self.index, bits(cr, 28, 25), self._value("PAR"))
        self._dma.coherency.begin(self._value("M0AR"), 2 * self._total)
        self.source.drop_missed()
        self.schedule()

    def disable(self) -> None:
        """EN was cleared: what is due is transferred first."""
        self.sync()
        Scheduler.cancel(self._event)
        self._event, self.source = None, None

    @property
    def remaining(self) -> int:
        """NDTR."""
        return self._total - self._done if self.source else self._value("NDTR")

    def schedule(self) -> None:
        """Wake at the next half or end of the buffer."""
        Scheduler.cancel(self._event)
        self._event = None
        if self.source is None:
            return
        half = self._total // 2
        boundary = half if self._done < half else self._total
        cycle = self.source.cycle_of(boundary - self._done)
        if cycle is not None:
            self._event = self._dma.scheduler.at(cycle, self._boundary)

    def _boundary(self) -> None:
        self.sync()
        self.schedule()

    def sync(self) -> None:
        """Make the transfers that are due, in bulk up to each boundary."""
        while self.source is not None:
            half = self._total // 2
            boundary = half if self._done < half else self._total
            count = min(self.source.items_ready(), boundary - self._done)
            if count <= 0:
                return
            self._dma.write_memory(self._value("M0AR") + 2 * self._done, self.source.take(count))
            self._done += count
            start = self._value("M0AR")
            if self._done == half:
                self._dma.coherency.filled(start, 2 * half)
                self._raise(_HTIF)
            elif self._done == self._total:
                self._dma.coherency.filled(start + 2 * half, 2 * (self._total - half))
                self._finish()

    def _finish(self) -> None:
        self._raise(_TCIF)
        self._done = 0
        if not self._value("CR") & _CIRC:
            self.source = None
            self._dma.values[f"S{self.index}CR"] &= ~_EN
            self._dma.values[f"S{self.index}NDTR"] = 0

    def _raise(self, flag: int) -> None:
        self.flags |= flag
        self.update()

    def update(self) -> None:
        """Drive the interrupt line from flags and enables."""
        cr = self._value("CR")
        asserted = (
            (self.flags & _HTIF and cr & _HTIE)
            or (self.flags & _TCIF and cr & _TCIE)
            or (self.flags & _TEIF and cr & _TEIE)
        )
        self._dma.interrupt(self.index, bool(asserted))

    def reset(self) -> None:
        """Back to idle."""
        Scheduler.cancel(self._event)
        self._event, self.source, self.flags, self._done, self._total = None, None, 0, 0, 0


def _registers() -> dict[int, Register]:
    table = {
        0x00: Register("LISR", 0, writable=0),
        0x04: Register("HISR", 0, writable=0),
        0x08: Register("LIFCR", 0, writable=0),
        0x0C: Register("HIFCR", 0, writable=0),
    }
    for i in range(8):
        base = 0x10 + 0x18 * i
        table[base] = Register(f"S{i}CR", 0, writable=0x1FFFFFFF, unsupported=_UNSUPPORTED)
        table[base + 0x04] = Register(f"S{i}NDTR", 0, writable=0xFFFF)
        table[base + 0x08] = Register(f"S{i}PAR")
        table[base + 0x0C] = Register(f"S{i}M0AR")
        table[base + 0x10] = Register(f"S{i}M1AR")
        table[base + 0x14] = Register(f"S{i}FCR", 0x21, writable=0x87)
    return table


class Dma(Peripheral):
    """One controller of eight streams."""

    registers: ClassVar[dict[int, Register]] = _registers()

    def __init__(
        self,
        name: str,
        base: int,
        scheduler: Scheduler,
        interrupt: Callable[[int, bool], None],
        write_memory: Callable[[int, bytes], bool],
        coherency: CoherencyCheck,
    ) -> None:
        super().__init__(name, base)
        self.scheduler = scheduler
        self.interrupt = interrupt
        self.write_memory = write_memory
        self.coherency = coherency
        self._wiring: dict[tuple[int, int], tuple[int, DmaSource]] = {}
        self.streams = [Stream(self, i) for i in range(8)]

    def connect(self, stream: int, channel: int, data_register: int, source: DmaSource) -> None:
        """Wire the request of `source` (data register address) to a stream and channel (RM0410 table 27)."""
        self._wiring[stream, channel] = (data_register, source)

    def source(self, stream: int, channel: int, address: int) -> DmaSource:
        """The source wired there, reading from `address`."""
        wired = self._wiring.get((stream, channel))
        if wired is None:
            raise BoardError(f"{self.name} stream {stream} channel {channel}: no modelled peripheral requests there")
        if wired[0] != address:
            raise BoardError(
                f"{self.name} stream {stream} channel {channel} belongs to {wired[1].name} (data register "
                f"0x{wired[0]:08x}), but its peripheral address is 0x{address:08x}"
            )
        return wired[1]

    def requests_changed(self, source: DmaSource) -> None:
        """`source` has begun or stopped producing."""
        for stream in self.streams:
            if stream.source is source:
                stream.schedule()

    def serve(self, source: DmaSource) -> None:
        """Make the transfers from `source` that are due."""
        for stream in self.streams:
            if stream.source is source:
                stream.sync()

    def reset(self) -> None:
        """Back to the state after reset."""
        super().reset()
        for stream in self.streams:
            stream.reset()
            stream.update()

    def read(self, offset: int, size: int) -> int:
        """Value of `size` bytes at `offset`."""
        if offset >= 0x10:
            index, register = divmod(offset - 0x10, 0x18)
            if index < 8:
                self.streams[index].sync()
                if register == 4:
                    return self.streams[index].remaining
        return super().read(offset, size)

    def write(self, offset: int, size: int, value: int) -> None:
        """Store `size` bytes at `offset`."""
        index, register = divmod(offset - 0x10, 0x18)
        if offset < 0x10 or index >= 8:
            super().write(offset, size, value)
            return
        stream = self.streams[index]
        was_on = bool(self.values[f"S{index}CR"] & _EN)
        if was_on and register >= 4:
            raise BoardError(f"{self.register_name(offset)} is written while the stream is enabled; clear EN first")
        super().write(offset, size, value)
        if register == 0:
            is_on = bool(self.values[f"S{index}CR"] & _EN)
            if is_on and not was_on:
                stream.enable()
            elif was_on and not is_on:
                self.values[f"S{index}NDTR"] = stream.remaining
                stream.disable()
            stream.update()

    def _flags(self, first: int) -> int:
        for stream in self.streams:
            stream.sync()
        return sum(self.streams[first + i].flags << _FLAG_SHIFT[i] for i in range(4))

    def _read_lisr(self) -> int:
        return self._flags(0)

    def _read_hisr(self) -> int:
        return self._flags(4)

    def _clear_flags(self, first: int, value: int) -> None:
        for i in range(4):
            stream = self.streams[first + i]
            stream.flags &= ~(value >> _FLAG_SHIFT[i] & 0x3F)
            stream.update()

    def _write_lifcr(self, value: int, old: int) -> None:
        self._clear_flags(0, value)

    def _write_hifcr(self, value: int, old: int) -> None:
        self._clear_flags(4, value)
