"""One-second test signals, from silence to clipping, deterministic from a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy.signal import lfilter

RATE = 16000
LENGTH = 16000


def _tone(rng: np.random.Generator) -> np.ndarray:
    return np.sin(2 * np.pi * rng.uniform(20, 7900) * np.arange(LENGTH) / RATE + rng.uniform(0, 7))


def _amplitude(rng: np.random.Generator) -> float:
    """Log-uniform from half an LSB to full scale."""
    return float(10.0 ** rng.uniform(np.log10(0.5), np.log10(32767)))


def silent(rng: np.random.Generator) -> np.ndarray:
    return np.full(LENGTH, rng.choice([0, 0, -1, 1, rng.integers(-300, 300), 32767, -32768]))


def dither(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(-1, 2, LENGTH)


def tone(rng: np.random.Generator) -> np.ndarray:
    return _amplitude(rng) * _tone(rng)


def full_scale_tone(rng: np.random.Generator) -> np.ndarray:
    return 32767 * _tone(rng)


def clipped_tone(rng: np.random.Generator) -> np.ndarray:
    return 32767 * rng.uniform(1.5, 50) * _tone(rng)


def chirp(rng: np.random.Generator) -> np.ndarray:
    t = np.arange(LENGTH) / RATE
    return _amplitude(rng) * np.sin(2 * np.pi * (rng.uniform(0, 500) * t + rng.uniform(-3900, 3900) * t**2))


def impulses(rng: np.random.Generator) -> np.ndarray:
    clip = np.zeros(LENGTH)
    clip[rng.integers(0, LENGTH, rng.integers(1, 40))] = _amplitude(rng) * rng.choice([-1, 1])
    return clip


def noise(rng: np.random.Generator) -> np.ndarray:
    return rng.normal(0, _amplitude(rng) / 3, LENGTH)


def full_scale_noise(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(-32768, 32768, LENGTH)


def square(rng: np.random.Generator) -> np.ndarray:
    return _amplitude(rng) * np.sign(_tone(rng))


def speech(rng: np.random.Generator) -> np.ndarray:
    """Syllables: a gliding glottal pulse train and breath noise through four moving formants, then a room's tail."""
    clip = np.zeros(LENGTH)
    for _ in range(rng.integers(1, 5)):
        length = int(rng.integers(1200, 5000))
        pitch = np.linspace(rng.uniform(80, 250), rng.uniform(80, 250), length)
        phase = np.cumsum(pitch / RATE)
        voice = np.diff(np.floor(phase), prepend=0.0) + 0.03 * rng.normal(size=length)
        sound = voice if rng.random() < 0.75 else 0.3 * rng.normal(size=length)
        for formant in (rng.uniform(250, 900), rng.uniform(900, 2500), rng.uniform(2300, 3500), 4200.0):
            radius = np.exp(-np.pi * rng.uniform(60, 200) / RATE)
            sound = lfilter([1 - radius], [1, -2 * radius * np.cos(2 * np.pi * formant / RATE), radius**2], sound)
        sound *= np.hanning(length) / (np.abs(sound).max() + 1e-9)
        start = int(rng.integers(0, LENGTH - length))
        clip[start : start + length] += sound * rng.uniform(0.1, 1)
    clip = lfilter([1], np.r_[1, np.zeros(400), -0.3], clip)
    background = rng.normal(0, 10.0 ** rng.uniform(-5, -2), LENGTH)
    return 10.0 ** rng.uniform(1.5, 4.8) * (clip + background)


KINDS: tuple[Callable[[np.random.Generator], np.ndarray], ...] = (
    *(silent, dither, tone, full_scale_tone, clipped_tone, chirp, impulses, noise, full_scale_noise, square),
    *(speech, speech, speech, speech, speech, speech, speech, speech, speech, speech),
)


def make_clips(count: int, seed: int = 1) -> Iterator[tuple[str, np.ndarray]]:
    """(kind, int16 samples); half of the clips are speech-like."""
    for index in range(count):
        kind = KINDS[index % len(KINDS)]
        samples = kind(np.random.default_rng([seed, index]))
        yield kind.__name__, np.clip(np.rint(samples), -32768, 32767).astype(np.int16)
