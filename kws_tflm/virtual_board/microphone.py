"""What the I2S microphone hears: a recording, then near-silence."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]
AudioSource = Samples | Callable[[int, int], Samples]
"""int16 mono samples, or a function ``(first_sample, count) -> int16[count]``."""


class Microphone:
    """Samples by number, in virtual time: sample 0 is the first one after the receiver was first enabled.

    After the end of a recording the microphone gives dither of one bit (-1, 0, +1; the same in every
    run), as a quiet room would; a constant would look like a broken microphone.
    """

    def __init__(self, source: AudioSource | None, sample_rate: int = 16000) -> None:
        self.sample_rate = sample_rate
        self._source = source
        self._origin: float | None = None
        self.position = 0
        """Samples handed out so far (the highest number + 1)."""

    @property
    def length(self) -> int | None:
        """Samples of the recording, None for a live source."""
        return None if callable(self._source) else 0 if self._source is None else len(self._source)

    def frame_at(self, seconds: float) -> int:
        """Number of the sample that arrives at virtual time `seconds`; the first call makes it 0."""
        if self._origin is None:
            self._origin = seconds
        return round((seconds - self._origin) * self.sample_rate)

    def read(self, first: int, count: int) -> bytes:
        """Samples `first` to `first + count`, int16 little endian."""
        self.position = max(self.position, first + count)
        if callable(self._source):
            samples = np.asarray(self._source(first, count), dtype="<i2")
            return samples.tobytes()
        available = np.empty(0, np.int16) if self._source is None else self._source[first : first + count]
        if len(available) == count:
            return available.astype("<i2").tobytes()
        tail = dither(first + len(available), count - len(available))
        return np.concatenate([available, tail]).astype("<i2").tobytes()


def dither(first: int, count: int) -> Samples:
    """Deterministic noise of -1, 0 and +1, a function of the sample number only (a 32-bit mixing hash)."""
    x = np.arange(first, first + count, dtype=np.uint64) & np.uint64(0xFFFFFFFF)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor) & np.uint64(0xFFFFFFFF)
    x ^= x >> np.uint64(16)
    return (x % np.uint64(3)).astype(np.int16) - np.int16(1)
