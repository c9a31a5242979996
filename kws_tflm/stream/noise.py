"""Background noise without end, from recordings: random excerpts that fade into one another."""

from __future__ import annotations

import bisect
import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kws_tflm.data.wav import SAMPLE_RATE, read_wav
from kws_tflm.errors import DataError
from kws_tflm.stream.recordings import NoiseFile

_SEGMENT_SECONDS = (8.0, 25.0)
_CROSSFADE = SAMPLE_RATE // 2
_FILES_IN_MEMORY = 8


@dataclass(frozen=True)
class _Segment:
    """An excerpt in its place; `gain` makes its RMS 1."""

    start: int
    length: int
    source: NoiseFile
    offset: int
    gain: float


class NoiseTrack:
    """`length` samples of background whose RMS is 1 in each excerpt of 8 to 25 s; any stretch can be asked for.

    Only the plan and a few source files are held in memory.

    Raises:
        DataError: every source is digital silence.
        AudioError: a source is not a 16 kHz mono PCM16 wav.
    """

    def __init__(self, sources: Sequence[NoiseFile], length: int, rng: np.random.Generator) -> None:
        self._load = functools.lru_cache(_FILES_IN_MEMORY)(_part)
        self._segments: list[_Segment] = []
        position = 0
        while position < length:
            before = position
            # In turn through a shuffled list: every recording gets its share of even a short stream.
            for index in rng.permutation(len(sources)):
                source = sources[int(index)]
                if position < length and self._load(source).any():
                    segment = self._draw(source, position, rng)
                    self._segments.append(segment)
                    position += segment.length - _CROSSFADE
            if position == before:
                raise DataError(f"{sources[0].path.parent}: its recordings are digital silence; give others")
        self._starts = [segment.start for segment in self._segments]

    def unit(self, start: int, end: int) -> npt.NDArray[np.float64]:
        """The samples from `start` to `end`."""
        result = np.zeros(end - start)
        first = max(0, bisect.bisect_right(self._starts, start) - 2)
        for number in range(first, len(self._segments)):
            segment = self._segments[number]
            if segment.start >= end:
                break
            low, high = max(start, segment.start), min(end, segment.start + segment.length)
            if low >= high:
                continue
            at = np.arange(low, high) - segment.start
            part = self._load(segment.source)
            samples = part[(segment.offset + at) % len(part)] * (segment.gain / 32768.0)
            result[low - start : high - start] += samples * _weights(at, segment.length, fade_in=number > 0)
        return result

    def _draw(self, source: NoiseFile, position: int, rng: np.random.Generator) -> _Segment:
        part = self._load(source)
        length = int(rng.uniform(*_SEGMENT_SECONDS) * SAMPLE_RATE)
        offset = int(rng.integers(len(part)))  # past the end it goes on from the start
        samples = part[(offset + np.arange(length)) % len(part)] / 32768.0
        rms = float(np.sqrt(np.mean(samples**2)))
        return _Segment(position, length, source, offset, 1.0 / rms if rms > 0 else 0.0)


def _part(source: NoiseFile) -> npt.NDArray[np.int16]:
    samples = read_wav(source.path, min_samples=SAMPLE_RATE // 10)
    low, high = int(source.begin * len(samples)), int(source.end * len(samples))
    return samples[low : max(high, low + 1)]


def _weights(at: npt.NDArray[np.int64], length: int, fade_in: bool) -> npt.NDArray[np.float64]:
    """Crossfade of equal power at both ends of a segment; the stream's first segment begins at once."""
    rise = np.clip((at + 0.5) / _CROSSFADE, 0.0, 1.0) if fade_in else np.ones(len(at))
    fall = np.clip((length - at - 0.5) / _CROSSFADE, 0.0, 1.0)
    return np.asarray(np.sin(0.5 * np.pi * rise) * np.sin(0.5 * np.pi * fall))
