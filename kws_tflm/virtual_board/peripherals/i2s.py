"""SPI2 as an I2S master receiver (RM0410 section 35): microphone frames in virtual time.

Only reception as master is modelled, by DMA or by polling; other SPI and I2S modes are errors.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import ClassVar

from kws_tflm.errors import BoardError
from kws_tflm.virtual_board.microphone import Microphone
from kws_tflm.virtual_board.peripherals.base import Peripheral, Register, bits
from kws_tflm.virtual_board.scheduler import Scheduler

_RXDMAEN, _ERRIE, _RXNEIE = 1, 1 << 5, 1 << 6
_RXNE, _TXE, _CHSIDE, _OVR, _BSY = 1, 1 << 1, 1 << 2, 1 << 6, 1 << 7
_I2SE, _I2SMOD = 1 << 10, 1 << 11
_MCKOE, _ODD = 1 << 9, 1 << 8
_MASTER_RECEIVE = 3
_RATE_TOLERANCE = 0.005


class I2sReceiver(Peripheral):
    """SPI2/I2S2. An item is one half-word read from DR; a DMA source (`dma.DmaSource`)."""

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("CR1", 0, unsupported=0x0000FFFF),
        0x04: Register("CR2", 0x0700, writable=0x61, unsupported=0xF89E),
        0x08: Register("SR", 0x0002, writable=0),
        0x0C: Register("DR", 0, writable=0),
        0x10: Register("CRCPR", 0x0007, writable=0xFFFF),
        0x14: Register("RXCRCR", 0, writable=0),
        0x18: Register("TXCRCR", 0, writable=0),
        0x1C: Register("I2SCFGR", 0, writable=0x1FBF, unsupported=0x1000),
        0x20: Register("I2SPR", 0x0002, writable=0x03FF),
    }

    def __init__(
        self,
        name: str,
        base: int,
        scheduler: Scheduler,
        clock: Callable[[], int],
        microphone: Microphone,
        interrupt: Callable[[bool], None],
    ) -> None:
        super().__init__(name, base)
        self._scheduler = scheduler
        self._clock = clock
        self._microphone = microphone
        self._interrupt = interrupt
        self.on_requests_changed: Callable[[], None] = lambda: None
        self.serve_dma: Callable[[], None] = lambda: None
        self.check_pins: Callable[[], None] = lambda: None
        self._running = False
        self._overrun = False

    def reset(self) -> None:
        """Back to the state after reset."""
        super().reset()
        self._running = self._overrun = False

    @property
    def halfwords_per_channel(self) -> int:
        """DR reads for one channel: one for 16-bit data, two for 24 and 32 bits."""
        return 1 if bits(self.values["I2SCFGR"], 2, 1) == 0 else 2

    @property
    def frame_rate(self) -> Fraction:
        """Stereo frames a second from I2SPR and the I2S clock (RM0410 section 35.7.5)."""
        prescaler, config = self.values["I2SPR"], self.values["I2SCFGR"]
        divider = 2 * bits(prescaler, 7, 0) + bits(prescaler, 8, 8)
        channel_bits = 32 if config & 1 or self.halfwords_per_channel == 2 else 16
        per_frame = 256 if prescaler & _MCKOE else 2 * channel_bits
        return Fraction(self._clock(), per_frame * divider) if divider > 1 else Fraction(0)

    def _write_i2scfgr(self, value: int, old: int) -> None:
        on, was_on = value & (_I2SE | _I2SMOD) == _I2SE | _I2SMOD, self._running
        if on and not was_on:
            self._start()
        elif was_on and not on:
            self._running = False
            self.on_requests_changed()

    def _write_cr2(self, value: int, old: int) -> None:
        if value & (_RXNEIE | _ERRIE):
            raise BoardError(f"{self.name}_CR2: receive and error interrupts are not modelled; use DMA")
        if (value ^ old) & _RXDMAEN:
            self.drop_missed()
            self.on_requests_changed()

    def _start(self) -> None:
        if bits(self.values["I2SCFGR"], 9, 8) != _MASTER_RECEIVE:
            raise BoardError(f"{self.name}: only I2S master receive (I2SCFG = 3) is modelled")
        if bits(self.values["I2SCFGR"], 5, 4) != 0:
            raise BoardError(f"{self.name}: the microphone speaks the Philips standard; set I2SSTD = 0")
        if self._clock() == 0:
            raise BoardError(f"{self.name} is enabled while its clock PLLI2S is off; wait for RCC_CR.PLLI2SRDY")
        self.check_pins()
        rate, expected = float(self.frame_rate), self._microphone.sample_rate
        if abs(rate / expected - 1) > _RATE_TOLERANCE:
            raise BoardError(
                f"{self.name} samples at {rate:.1f} Hz, but the audio source has {expected} Hz; "
                "correct PLLI2S (RCC_PLLI2SCFGR) or the prescaler (SPI_I2SPR)"
            )
        self._running, self._overrun = True, False
        self._item_rate = self.frame_rate * 2 * self.halfwords_per_channel
        self._start_seconds = self._scheduler.exact_seconds
        self._first_frame = self._microphone.frame_at(self._scheduler.seconds)
        self._taken = 0
        self.on_requests_changed()

    # A DMA source -----------------------------------------------------------------------------

    def items_ready(self) -> int:
        """Half-words that the DMA may take now."""
        return self._unread() if self.values["CR2"] & _RXDMAEN else 0

    def _unread(self) -> int:
        """Half-words that have arrived and were not taken."""
        if not self._running:
            return 0
        arrived = int((self._scheduler.exact_seconds - self._start_seconds) * self._item_rate)
        return arrived - self._taken

    def take(self, count: int) -> bytes:
        """The next `count` half-words, little endian."""
        per_frame = 2 * self.halfwords_per_channel
        first, self._taken = self._taken, self._taken + count
        first_frame, last_frame = first // per_frame, -(-(first + count) // per_frame)
        samples = self._microphone.read(self._first_frame + first_frame, last_frame - first_frame)
        data = pack_frames(samples, self.halfwords_per_channel)
        skip = 2 * (first - first_frame * per_frame)
        return data[skip : skip + 2 * count]

    def cycle_of(self, count: int) -> int | None:
        """Core cycle at which `count` half-words will be ready; None while DMA requests are off."""
        if not self._running or not self.values["CR2"] & _RXDMAEN:
            return None
        return self._scheduler.cycle_at(self._start_seconds + (self._taken + count) / self._item_rate)

    def drop_missed(self) -> None:
        """The receiver holds one half-word: older ones nobody read are lost and set OVR."""
        missed = self._unread() - 1
        if missed > 0:
            self._taken += missed
            self._overrun = True

    # Registers --------------------------------------------------------------------------------

    def _read_sr(self) -> int:
        if not self._running:
            return _TXE
        self.serve_dma()  # what a stream takes is not missed
        self.drop_missed()
        value = _TXE | _BSY | (_OVR if self._overrun else 0)
        value |= _RXNE if self._unread() > 0 else 0
        return value | (_CHSIDE if self._taken // self.halfwords_per_channel % 2 else 0)

    def _read_dr(self) -> int:
        if not self._running:
            return 0
        self.drop_missed()
        self._overrun = False
        if self._unread() <= 0:
            return 0
        return int.from_bytes(self.take(1), "little")


def pack_frames(samples: bytes, halfwords_per_channel: int) -> bytes:
    """int16 little-endian `samples` as DR half-words: left the sample, its low bits and the right channel zero."""
    step = 4 * halfwords_per_channel
    packed = bytearray(len(samples) // 2 * step)
    packed[0::step] = samples[0::2]
    packed[1::step] = samples[1::2]
    return bytes(packed)
