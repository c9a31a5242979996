"""From the plan of a stream to its sound, a piece at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from kws_tflm.data import acoustics
from kws_tflm.data.wav import SAMPLE_RATE
from kws_tflm.stream.labels import Said
from kws_tflm.stream.noise import NoiseTrack
from kws_tflm.stream.plan import Event, StreamSettings

CHUNK = 10 * SAMPLE_RATE
_DRIFT_SECONDS = (4.0, 12.0)
_QUIETEST_LOCAL_DB = -20.0
"""A pause in the background is raised by no more than this to reach a word's signal-to-noise ratio."""


class Mixture:
    """Words over background, the background's level such that each word has the signal-to-noise ratio drawn for it.

    The level changes evenly (in dB) from one word to the next; in longer gaps it drifts between levels from the
    same distribution. Samples beyond the int16 range are clipped, as a microphone does.
    """

    def __init__(self, events: Sequence[Event], noise: NoiseTrack, settings: StreamSettings, rng: np.random.Generator):
        self._noise = noise
        self._samples = settings.samples
        self._events = list(events)
        self._said: list[Said] = []
        knots: list[tuple[int, float]] = []
        previous = 0
        for event in self._events:
            knots += _drift(previous, event.position, settings, rng)
            local = _db(noise.unit(event.label_start, event.label_end))
            level = event.level_dbfs - event.snr_db - max(local, _QUIETEST_LOCAL_DB)
            knots += [(event.position, level), (event.position + event.length, level)]
            self._said.append(_said(event, event.level_dbfs - level - local))
            previous = event.position + event.length
        knots += _drift(previous, settings.samples, settings, rng) or [(previous, -50.0)]
        self._positions, self._levels = (np.array(column, np.float64) for column in zip(*knots, strict=True))

    @property
    def said(self) -> list[Said]:
        """The labels, in time order."""
        return self._said

    def chunks(self) -> Iterator[npt.NDArray[np.int16]]:
        """The sound from its start to its end, about ten seconds at a time."""
        first = 0
        for start in range(0, self._samples, CHUNK):
            end = min(self._samples, start + CHUNK)
            levels = np.interp(np.arange(start, end), self._positions, self._levels)
            mix = self._noise.unit(start, end) * 10.0 ** (levels / 20.0)
            while first < len(self._events) and self._events[first].position + self._events[first].length <= start:
                first += 1
            for event in self._events[first:]:
                if event.position >= end:
                    break
                low, high = max(start, event.position), min(end, event.position + event.length)
                mix[low - start : high - start] += event.signal()[low - event.position : high - event.position]
            yield acoustics.to_int16(mix)


def _drift(start: int, end: int, settings: StreamSettings, rng: np.random.Generator) -> list[tuple[int, float]]:
    """Knots of the background's level strictly between two words."""
    knots = []
    position = start + int(rng.uniform(*_DRIFT_SECONDS) * SAMPLE_RATE)
    while position < end - SAMPLE_RATE:
        knots.append((position, float(rng.uniform(*settings.level_dbfs) - rng.uniform(*settings.snr_db))))
        position += int(rng.uniform(*_DRIFT_SECONDS) * SAMPLE_RATE)
    return knots


def _said(event: Event, snr_db: float) -> Said:
    return Said(
        word=event.recording.word,
        start=event.label_start,
        end=event.label_end,
        kind=event.kind,
        speaker=event.recording.speaker,
        file=event.recording.name,
        snr_db=round(snr_db, 1),
        level_dbfs=round(event.level_dbfs, 1),
    )


def _db(signal: npt.NDArray[np.float64]) -> float:
    return 10.0 * float(np.log10(max(1e-12, float(np.mean(signal**2)))))
