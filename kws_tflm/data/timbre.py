"""Make one synthetic speaker sound like many: vowels shifted, formants broadened, breath added, loudness shaped.

A formant synthesiser gives all its voices the same vowel targets, sharp resonances over deep valleys and a
loudness that ends at once; a network trained on that alone does not know natural voices. Each word is changed in
the short-time Fourier domain: harmonics stay, their envelope moves.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kws_tflm.data.wav import SAMPLE_RATE

FloatArray = npt.NDArray[np.float64]

_WINDOW, _HOP, _FFT = 400, 100, 512
_BINS = _FFT // 2 + 1
_TAPER = np.sqrt(np.hanning(_WINDOW + 1)[:_WINDOW])
_KNOTS_HZ = np.array([0.0, 300.0, 700.0, 1200.0, 1900.0, 2700.0, 4000.0, 8000.0])
_BIN_HZ = np.arange(_BINS) * SAMPLE_RATE / _FFT


def vary_timbre(
    word: npt.NDArray[np.floating], rng: np.random.Generator, warp: float = 0.15, hop: int = _HOP
) -> FloatArray:
    """`word` (16 kHz) as another speaker might say it; same length. A `hop` of 200 is twice as fast, and rougher.

    The envelope's frequencies move by up to +-`warp` (as a ratio), independently at six places, its resonances
    are broadened, breath noise of the same shape is mixed in at -35 to -12 dB, and the loudness rises and
    falls over the word.
    """
    spectrum = _stft(word, hop)
    envelope = _smooth(np.abs(spectrum) ** 2, 3) + 1e-10
    target = _warped(envelope, rng.uniform(-warp, warp, len(_KNOTS_HZ) - 2))
    broad = rng.uniform(0.0, 0.6)
    target = target ** (1.0 - broad) * (_smooth(target, 14) + 1e-10) ** broad
    spectrum = spectrum * np.sqrt(np.clip(target / envelope, 1e-4, 1e4))
    level = 10.0 ** (rng.uniform(-3.5, -1.2))
    breath = _smooth(np.abs(spectrum) ** 2, int(rng.integers(12, 32))) * level / 2.0
    noise = rng.standard_normal(spectrum.shape) + 1j * rng.standard_normal(spectrum.shape)
    changed = _istft(spectrum + np.sqrt(breath) * noise, len(word), hop)
    corners_db = [rng.uniform(-5.0, 0.0), 0.0, rng.uniform(-4.0, 0.0), rng.uniform(-12.0, 0.0)]
    db = np.interp(np.arange(len(word)), np.array([0.0, 0.25, 0.7, 1.0]) * len(word), corners_db)
    return np.asarray(changed * 10.0 ** (db / 20.0), np.float64)


def _warped(envelope: FloatArray, ratios: FloatArray) -> FloatArray:
    """The envelope [frames, bins] read at moved frequencies, interpolated in the logarithm."""
    moved = _KNOTS_HZ * np.exp(np.concatenate([[0.0], ratios, [0.0]]))
    source = np.clip(np.interp(_BIN_HZ, _KNOTS_HZ, moved) * _FFT / SAMPLE_RATE, 0, _BINS - 1)
    low = np.minimum(source.astype(np.int64), _BINS - 2)
    part = source - low
    log = np.log(envelope)
    return np.asarray(np.exp(log[:, low] * (1.0 - part) + log[:, low + 1] * part), np.float64)


def _smooth(power: FloatArray, half_width: int) -> FloatArray:
    """Mean over +-`half_width` bins, twice (a triangle); the ends are mirrored."""
    for _ in range(2):
        padded = np.pad(power, ((0, 0), (half_width + 1, half_width)), mode="reflect")
        total = np.cumsum(padded, axis=1)
        power = np.maximum(total[:, 2 * half_width + 1 :] - total[:, : -2 * half_width - 1], 0.0)
        power /= 2 * half_width + 1
    return power


def _stft(signal: npt.NDArray[np.floating], hop: int) -> npt.NDArray[np.complex128]:
    """[frames, bins]; frames begin every `hop` samples and cover the signal from before its start to after its end."""
    padded = np.pad(np.asarray(signal, np.float64), (_WINDOW, 2 * _WINDOW))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::hop]
    return np.asarray(np.fft.rfft(frames * _TAPER, _FFT))


def _istft(spectrum: npt.NDArray[np.complex128], length: int, hop: int) -> FloatArray:
    """Overlap-add of the frames of `_stft`, cut to the `length` of its signal."""
    frames = np.fft.irfft(spectrum, _FFT)[:, :_WINDOW] * _TAPER
    overlaps = _WINDOW // hop
    total = np.zeros((len(frames) + overlaps - 1, hop))
    for part in range(overlaps):
        total[part : part + len(frames)] += frames[:, part * hop : (part + 1) * hop]
    # Two squared half-sine windows half a window apart sum to one.
    return np.asarray(total.ravel()[_WINDOW : _WINDOW + length] * 2.0 / overlaps, np.float64)
