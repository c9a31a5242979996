"""Rooms, background sounds and levels. Signals are float64 in [-1, 1) at 16 kHz; generators are passed in."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kws_tflm.data.wav import SAMPLE_RATE

FloatArray = npt.NDArray[np.float64]


def to_int16(signal: npt.NDArray[np.floating]) -> npt.NDArray[np.int16]:
    """[-1, 1) to int16, rounded and saturated."""
    return np.asarray(np.clip(np.rint(signal * 32768.0), -32768, 32767), np.int16)


def decibels(db: float) -> float:
    """Amplitude ratio of a level difference in dB."""
    return float(10.0 ** (db / 20.0))


def active_rms(signal: npt.NDArray[np.floating], frame: int = 320) -> float:
    """RMS over the louder frames (within 25 dB of the loudest): the level of the speech, not of its pauses."""
    frames = signal[: len(signal) // frame * frame].reshape(-1, frame).astype(np.float64)
    if frames.size == 0:
        return float(np.sqrt(np.mean(np.square(signal, dtype=np.float64)))) if len(signal) else 0.0
    power = np.mean(np.square(frames), axis=1)
    return float(np.sqrt(power[power >= power.max() * 10.0**-2.5].mean()))


def trim_silence(
    signal: npt.NDArray[np.floating], threshold_db: float = -40.0, margin_ms: float = 20.0
) -> npt.NDArray[np.floating]:
    """Cut what is quieter than `threshold_db` below the loudest 10 ms at both ends, but for a margin."""
    frame = SAMPLE_RATE // 100
    count = len(signal) // frame
    if count == 0:
        return signal
    level = np.sqrt(np.mean(np.square(signal[: count * frame].reshape(count, frame)), axis=1))
    loud = np.flatnonzero(level > level.max() * decibels(threshold_db))
    if len(loud) == 0:
        return signal[:0]
    margin = int(margin_ms * SAMPLE_RATE / 1000)
    return signal[max(0, loud[0] * frame - margin) : (loud[-1] + 1) * frame + margin]


def convolve(signal: npt.NDArray[np.floating], response: npt.NDArray[np.floating]) -> FloatArray:
    """Full linear convolution by FFT."""
    length = len(signal) + len(response) - 1
    size = 1 << (length - 1).bit_length()
    product = np.fft.rfft(signal, size) * np.fft.rfft(response, size)
    return np.asarray(np.fft.irfft(product, size)[:length], np.float64)


def room_response(rng: np.random.Generator) -> FloatArray:
    """Impulse response of a small room: direct sound, a few early reflections, exponentially decaying tail.

    Reverberation time 0.1 to 0.5 s, direct-to-reverberant ratio 2 to 20 dB.
    """
    rt60 = rng.uniform(0.1, 0.5)
    length = int(rt60 * SAMPLE_RATE)
    time = np.arange(length) / SAMPLE_RATE
    tail = rng.standard_normal(length) * 10.0 ** (-3.0 * time / rt60)
    tail[: int(0.002 * SAMPLE_RATE)] = 0.0
    for delay in rng.uniform(0.002, 0.03, rng.integers(2, 6)):
        tail[int(delay * SAMPLE_RATE)] += rng.choice((-1.0, 1.0)) * rng.uniform(1.0, 4.0)
    # A wall absorbs treble: one-pole low-pass on the reverberation only.
    tail = convolve(tail, 0.6 ** np.arange(24))[:length]
    tail *= decibels(-rng.uniform(2.0, 20.0)) / np.sqrt(np.sum(tail**2))
    tail[0] += 1.0
    return tail


def colour(rng: np.random.Generator) -> FloatArray:
    """Short filter of a random microphone: a tilt of -6 to +10 dB between 250 Hz and 4 kHz, +-4 dB an octave band."""
    frequency = np.fft.rfftfreq(64, 1 / SAMPLE_RATE)
    octaves = np.log2(np.clip(frequency, 125.0, 8000.0) / 1000.0)
    db = rng.uniform(-6.0, 10.0) / 4.0 * octaves
    db += np.interp(octaves, np.arange(-3.0, 4.0), rng.uniform(-4.0, 4.0, 7))
    return np.asarray(np.roll(np.fft.irfft(10.0 ** (db / 20.0)), 32) * np.hanning(64), np.float64)


def shaped_noise(rng: np.random.Generator, length: int, slope: float, low: float = 20.0) -> FloatArray:
    """Gaussian noise whose power falls with frequency**slope (0 white, 1 pink, 2 brown); RMS 1."""
    spectrum = np.fft.rfft(rng.standard_normal(length))
    frequency = np.maximum(np.fft.rfftfreq(length, 1 / SAMPLE_RATE), low)
    signal = np.fft.irfft(spectrum * frequency ** (-slope / 2.0), length)
    return _normalised(signal)


def mains_hum(rng: np.random.Generator, length: int) -> FloatArray:
    """Harmonics of 50 or 60 Hz over a floor of pink noise; RMS 1."""
    time = np.arange(length) / SAMPLE_RATE
    base = rng.choice((50.0, 60.0)) * rng.uniform(0.998, 1.002)
    signal = 0.05 * shaped_noise(rng, length, 1.0)
    for harmonic in range(1, 16):
        signal += rng.uniform(0.2, 1.0) / harmonic * np.sin(2 * np.pi * (harmonic * base * time + rng.uniform()))
    return _normalised(signal)


def fan(rng: np.random.Generator, length: int) -> FloatArray:
    """Noise between white and brown that swells a few times a second: fan, engine, running tap; RMS 1."""
    time = np.arange(length) / SAMPLE_RATE
    swell = 1.0 + 0.5 * np.sin(2 * np.pi * (rng.uniform(0.3, 6.0) * time + rng.uniform()))
    return _normalised(shaped_noise(rng, length, rng.uniform(0.3, 1.8)) * swell)


def clatter(rng: np.random.Generator, length: int) -> FloatArray:
    """Short damped knocks at random moments over quiet noise: keys, dishes, steps; RMS 1."""
    signal = 0.05 * shaped_noise(rng, length, 1.0)
    for start in rng.integers(0, max(1, length - 2000), max(1, length // 4000)):
        time = np.arange(min(2000, length - int(start)))
        ring = np.sin(2 * np.pi * rng.uniform(300, 5000) / SAMPLE_RATE * time) + 0.7 * rng.standard_normal(len(time))
        signal[start : start + len(time)] += rng.uniform(0.2, 1.5) * ring * np.exp(-time / rng.uniform(40, 300))
    return _normalised(signal)


def background(rng: np.random.Generator, seconds_each: float) -> list[FloatArray]:
    """One excerpt of each kind of background sound, each with RMS 1."""
    length = int(seconds_each * SAMPLE_RATE)
    return [
        shaped_noise(rng, length, 0.0),
        shaped_noise(rng, length, 1.0),
        shaped_noise(rng, length, 2.0),
        mains_hum(rng, length),
        fan(rng, length),
        fan(rng, length),
        clatter(rng, length),
    ]


def _normalised(signal: FloatArray) -> FloatArray:
    return np.asarray(signal / max(1e-12, float(np.sqrt(np.mean(signal**2)))), np.float64)
