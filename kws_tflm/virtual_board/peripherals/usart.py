"""USART (RM0410 section 34), asynchronous mode, by polling or interrupts; one event a byte at the baud rate."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from fractions import Fraction
from typing import ClassVar

from kws_tflm.errors import BoardError
from kws_tflm.virtual_board.peripherals.base import Peripheral, Register
from kws_tflm.virtual_board.scheduler import Event, Scheduler

_UE, _RE, _TE = 1, 1 << 2, 1 << 3
_OVER8, _M1, _M0 = 1 << 15, 1 << 28, 1 << 12
_OVRDIS = 1 << 12
_FE, _ORE, _IDLE, _RXNE, _TC, _TXE = 1 << 1, 1 << 3, 1 << 4, 1 << 5, 1 << 6, 1 << 7
_TEACK, _REACK = 1 << 21, 1 << 22
_BAUD_TOLERANCE = 0.025


class Usart(Peripheral):
    """One USART or UART.

    `on_transmit(byte)` is called when a byte has left the pin; `send` queues bytes from the other side.
    `expected_baud`, when set, is what the other side uses: another rate would give garbage and is a
    BoardError.
    """

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("CR1", 0, unsupported=0x0FFF6E00),  # parity, mute, match, driver enable, time-outs
        0x04: Register("CR2", 0, unsupported=0xFFFFCFFF),  # all but the stop bits
        0x08: Register("CR3", 0, unsupported=0xFFFFE7FE),  # DMA, flow control, half duplex, IrDA, smart card
        0x0C: Register("BRR", 0, writable=0xFFFF),
        0x10: Register("GTPR", 0, writable=0xFFFF),
        0x14: Register("RTOR", 0, unsupported=0xFFFFFFFF),
        0x18: Register("RQR", 0, writable=0, unsupported=0x7),
        0x1C: Register("ISR", 0x020000C0, writable=0),
        0x20: Register("ICR", 0, writable=0),
        0x24: Register("RDR", 0, writable=0),
        0x28: Register("TDR", 0, writable=0x1FF),
    }

    def __init__(
        self,
        name: str,
        base: int,
        scheduler: Scheduler,
        clock: Callable[[], int],
        interrupt: Callable[[bool], None],
    ) -> None:
        super().__init__(name, base)
        self._scheduler = scheduler
        self._clock = clock
        self._interrupt = interrupt
        self.on_transmit: Callable[[int], None] | None = None
        self.expected_baud: int | None = None
        self.check_pins: Callable[[], None] = lambda: None
        self.lost = 0
        """Bytes sent to the board while its receiver was off or full."""
        self._incoming: deque[int] = deque()
        self._clear()

    def _clear(self) -> None:
        self._flags = _TC | _TXE
        self._shifting: int | None = None
        self._waiting: int | None = None
        self._received = 0
        self._receiving: Event | None = None
        self._transmitting: Event | None = None

    def reset(self) -> None:
        """Back to the state after reset."""
        super().reset()
        Scheduler.cancel(self._receiving)
        Scheduler.cancel(self._transmitting)
        self._clear()
        self._interrupt(False)
        if self._incoming:
            self._receiving = self._scheduler.after_seconds(Fraction(1, 1000), self._byte_arrived)

    def send(self, data: bytes) -> None:
        """Queue bytes for the receive pin; they arrive at the baud rate, one after the other."""
        self._incoming.extend(data)
        if self._receiving is None and self._incoming:
            self._receiving = self._scheduler.after_seconds(self._byte_seconds(), self._byte_arrived)

    @property
    def baud(self) -> Fraction:
        """Rate that the registers give, 0 while BRR is 0."""
        divider = self.values["BRR"]
        if self.values["CR1"] & _OVER8:
            return Fraction(2 * self._clock(), (divider & 0xFFF0) | (divider & 7) << 1) if divider else Fraction(0)
        return Fraction(self._clock(), divider) if divider else Fraction(0)

    def _write_cr1(self, value: int, old: int) -> None:
        if value & (_UE | _TE) == _UE | _TE or value & (_UE | _RE) == _UE | _RE:
            self._check_baud()
        if not value & _UE:
            Scheduler.cancel(self._transmitting)
            self._transmitting = self._shifting = self._waiting = None
            self._flags = _TC | _TXE
        self._update()

    def _write_cr3(self, value: int, old: int) -> None:
        self._update()

    def _read_isr(self) -> int:
        value = self._flags
        if self.values["CR1"] & _UE:
            value |= _TEACK if self.values["CR1"] & _TE else 0
            value |= _REACK if self.values["CR1"] & _RE else 0
        return value

    def _write_icr(self, value: int, old: int) -> None:
        self._flags &= ~(value & (_FE | _ORE | _IDLE | _TC))
        self._update()

    def _write_rqr(self, value: int, old: int) -> None:
        if value & 1 << 3:
            self._flags &= ~_RXNE
        if value & 1 << 4:
            self._waiting = None
            self._flags |= _TXE
        self._update()

    def _read_rdr(self) -> int:
        self._flags &= ~_RXNE
        self._update()
        return self._received

    def _write_tdr(self, value: int, old: int) -> None:
        if self.values["CR1"] & (_UE | _TE) != _UE | _TE:
            return
        self._flags &= ~_TC
        if self._shifting is None:
            self.check_pins()
            self._begin(value & 0xFF)
        else:
            self._waiting = value & 0xFF
            self._flags &= ~_TXE
        self._update()

    def _begin(self, byte: int) -> None:
        self._shifting = byte
        self._transmitting = self._scheduler.after_seconds(self._byte_seconds(), self._byte_sent)

    def _byte_sent(self) -> None:
        byte, self._shifting, self._transmitting = self._shifting, None, None
        if byte is not None and self.on_transmit is not None:
            self.on_transmit(byte)
        if self._waiting is not None:
            following, self._waiting = self._waiting, None
            self._flags |= _TXE
            self._begin(following)
        else:
            self._flags |= _TC
        self._update()

    def _byte_arrived(self) -> None:
        self._receiving = None
        byte = self._incoming.popleft()
        if self.values["CR1"] & (_UE | _RE) != _UE | _RE:
            self.lost += 1
        elif self._flags & _RXNE and not self.values["CR3"] & _OVRDIS:
            self._flags |= _ORE
            self.lost += 1
        else:
            self._received = byte
            self._flags |= _RXNE
        if self._incoming:
            self._receiving = self._scheduler.after_seconds(self._byte_seconds(), self._byte_arrived)
        else:
            self._flags |= _IDLE
        self._update()

    def _update(self) -> None:
        cr1, flags = self.values["CR1"], self._flags
        wanted = cr1 & (_TXE | _TC | _RXNE | _IDLE) & flags  # the enable bits stand at the flags' positions
        error = flags & _ORE and (cr1 & _RXNE or self.values["CR3"] & 1)
        self._interrupt(bool(cr1 & _UE and (wanted or error)))

    def _byte_seconds(self) -> Fraction:
        rate = self.baud or Fraction(115200)
        data_bits = 7 if self.values["CR1"] & _M1 else 9 if self.values["CR1"] & _M0 else 8
        stop_bits = 2 if self.values["CR2"] >> 12 & 3 == 2 else 1
        return Fraction(1 + data_bits + stop_bits) / rate

    def _check_baud(self) -> None:
        rate = self.baud
        if rate == 0:
            raise BoardError(f"{self.name} is enabled with {self.name}_BRR = 0; set the baud rate first")
        expected = self.expected_baud
        if expected and abs(float(rate) / expected - 1) > _BAUD_TOLERANCE:
            raise BoardError(
                f"{self.name} runs at {float(rate):.0f} baud from its {self._clock() / 1e6:g} MHz clock, "
                f"but the console uses {expected}; correct {self.name}_BRR"
            )
