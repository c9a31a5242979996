"""Where in a recording the word is, and how loud."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kws_tflm.data import acoustics
from kws_tflm.data.wav import SAMPLE_RATE

_FRAME = SAMPLE_RATE // 100
_BELOW_PEAK_DB, _OVER_FLOOR_DB, _LEAST_RANGE_DB = 28.0, 8.0, 6.0
_JOIN_FRAMES = 25
"""Pauses up to 250 ms belong to the word: the closure of a stop is one."""
_MARGIN, _FADE = SAMPLE_RATE * 3 // 10, SAMPLE_RATE // 20
_SILENT = 4.0 / 32768.0


def active_span(samples: npt.NDArray[np.int16]) -> tuple[int, int]:
    """(start, end) of the word in a recording, in samples, the end exclusive.

    Frames of 10 ms are active when they are within 28 dB of the loudest and 8 dB over the recording's own
    noise floor (the quietest tenth). Active frames with pauses of up to 250 ms between them belong together;
    of several such stretches the one with the most energy is the word. (0, 0) for a silent recording.
    """
    count = len(samples) // _FRAME
    if count == 0:
        return 0, 0
    frames = samples[: count * _FRAME].reshape(count, _FRAME).astype(np.float64) / 32768.0
    power = np.mean(frames**2, axis=1)
    if power.max() < _SILENT**2:
        return 0, 0
    level = 10.0 * np.log10(np.maximum(power, 1e-12))
    peak, floor = float(level.max()), float(np.percentile(level, 10))
    threshold = min(max(peak - _BELOW_PEAK_DB, floor + _OVER_FLOOR_DB), peak - _LEAST_RANGE_DB)
    active = np.flatnonzero(level >= threshold)
    stretches = np.split(active, np.flatnonzero(np.diff(active) > _JOIN_FRAMES) + 1)
    word = max(stretches, key=lambda stretch: float(power[stretch].sum()))
    return int(word[0]) * _FRAME, int(word[-1] + 1) * _FRAME


def excerpt(samples: npt.NDArray[np.int16], start: int, end: int) -> tuple[npt.NDArray[np.float64], int]:
    """The word with 300 ms around it, faded in and out over 50 ms, its active level 0 dBFS.

    Quiet consonants may lie outside the active span; the margin keeps them.

    Returns:
        (signal, position of `start` in it).
    """
    begin, stop = max(0, start - _MARGIN), min(len(samples), end + _MARGIN)
    signal = samples[begin:stop].astype(np.float64) / 32768.0
    signal /= max(_SILENT, acoustics.active_rms(samples[start:end].astype(np.float64) / 32768.0))
    fade = 0.5 - 0.5 * np.cos(np.pi * (np.arange(min(_FADE, len(signal) // 2)) + 0.5) / max(1, _FADE))
    signal[: len(fade)] *= fade
    signal[len(signal) - len(fade) :] *= fade[::-1]
    return signal, start - begin
