"""Another voice, a room and a microphone for a recorded clip: the changes of one batch, drawn beforehand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kws_tflm.config import AugmentationConfig
from kws_tflm.data import acoustics
from kws_tflm.data.timbre import vary_timbre
from kws_tflm.data.wav import SAMPLE_RATE

Float32 = npt.NDArray[np.float32]

_ROOMS = 12
"""Rooms, and microphones, a batch: its clips share them, for they take longer to make than to use."""
_TAPS = 256
_VOICE_HOP = 200


class Channel:
    """Which clips of a batch get another voice, a room, a microphone, and which ones.

    Draws nothing from the generator for what has probability 0, so that older configurations give the clips they
    always gave.
    """

    def __init__(self, config: AugmentationConfig, count: int, rng: np.random.Generator) -> None:
        """Draw for `count` clips."""
        self._voices: dict[int, int] = {}
        self._responses: dict[int, npt.NDArray[np.float64]] = {}
        if config.voice_probability > 0:
            chosen = np.flatnonzero(rng.random(count) < config.voice_probability)
            self._voices = {int(row): int(rng.integers(1 << 62)) for row in chosen}
        for probability, make in (
            (config.room_probability, acoustics.room_response),
            (config.filter_probability, microphone),
        ):
            if probability > 0:
                pool = [make(rng) for _ in range(_ROOMS)]
                for row in np.flatnonzero(rng.random(count) < probability):
                    response = pool[int(rng.integers(_ROOMS))]
                    earlier = self._responses.get(int(row))
                    self._responses[int(row)] = response if earlier is None else acoustics.convolve(earlier, response)

    def voice(self, clip: npt.NDArray[np.int16], row: int) -> npt.NDArray[np.int16] | Float32:
        """Clip number `row` as another speaker might say it, float32 on the scale of int16; or the clip itself."""
        if row not in self._voices or not clip.any():
            return clip
        changed = vary_timbre(clip.astype(np.float64), np.random.default_rng(self._voices[row]), hop=_VOICE_HOP)
        return _as_loud_as(clip, changed)

    def path(self, clip: Float32, row: int) -> Float32:
        """Clip number `row` through its room and microphone, as loud as before; or the clip itself."""
        response = self._responses.get(row)
        if response is None or not clip.any():
            return clip
        return _as_loud_as(clip, acoustics.convolve(clip, response)[: len(clip)])


def microphone(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Impulse response of a random microphone: `acoustics.colour`, often with a high-pass or low-pass of 2nd order.

    High-pass corners lie between 60 and 400 Hz, low-pass corners between 2.5 and 7 kHz, each in one of three draws.
    It delays by about 10 ms.
    """
    frequency = np.fft.rfftfreq(_TAPS, 1 / SAMPLE_RATE)
    gain = np.ones_like(frequency)
    if rng.random() < 1 / 3:
        ratio = (frequency / np.exp(rng.uniform(np.log(60.0), np.log(400.0)))) ** 2
        gain *= ratio / np.sqrt(1.0 + ratio**2)
    if rng.random() < 1 / 3:
        ratio = (frequency / np.exp(rng.uniform(np.log(2500.0), np.log(7000.0)))) ** 2
        gain *= 1.0 / np.sqrt(1.0 + ratio**2)
    band = np.roll(np.fft.irfft(gain), _TAPS // 2) * np.hanning(_TAPS)
    return acoustics.convolve(acoustics.colour(rng), band)


def _as_loud_as(before: npt.NDArray[np.int16] | Float32, after: npt.NDArray[np.float64]) -> Float32:
    """`after` with the energy of `before`."""
    wanted = float(np.sum(np.square(before, dtype=np.float64)))
    energy = float(np.sum(np.square(after)))
    return np.asarray(after * np.sqrt(wanted / energy) if energy > 0 else after, np.float32)
