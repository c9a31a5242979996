"""Float definition of the features, in numpy: what the fixed-point front end approximates.

A column is: periodic Hann window -> |FFT|^2 -> triangular mel filters -> ln(. + log_offset) -> (mfcc)
orthonormal DCT-II. Samples are scaled to [-1, 1), frames are not centred: column i covers samples
[i * hop_length, i * hop_length + window_length), zero-padded at its end to n_fft. The filters are those of
``librosa.filters.mel(htk=True, norm=None)``: HTK mel scale, triangles in Hz with peak 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kws_tflm.config import FeatureConfig


def hann_window(length: int) -> NDArray[np.float64]:
    """Periodic Hann window, as scipy's ``get_window("hann", length)``."""
    return 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(length) / length)


def mel_band_edges(config: FeatureConfig) -> NDArray[np.float64]:
    """Frequencies in Hz, n_mels + 2 of them, equally spaced on the HTK mel scale 2595 log10(1 + f / 700).

    Filter m rises from edge m to edge m + 1 and falls to edge m + 2.
    """
    low, high = (2595.0 * np.log10(1.0 + f / 700.0) for f in (config.f_min, config.f_max))
    mels = np.linspace(low, high, config.n_mels + 2)
    return np.asarray(700.0 * (10.0 ** (mels / 2595.0) - 1.0))


def mel_filters(config: FeatureConfig) -> NDArray[np.float64]:
    """Filter weights, [n_mels, n_fft / 2 + 1]."""
    edges = mel_band_edges(config)
    bins = np.arange(config.n_fft // 2 + 1) * (config.sample_rate / config.n_fft)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(0.0, np.minimum(rising, falling))


def dct_matrix(n_coefficients: int, n_mels: int) -> NDArray[np.float64]:
    """First rows of the orthonormal DCT-II, [n_coefficients, n_mels]."""
    k = np.arange(n_coefficients)[:, None]
    n = np.arange(n_mels)[None, :]
    matrix = np.sqrt(2.0 / n_mels) * np.cos(np.pi * k * (2 * n + 1) / (2 * n_mels))
    matrix[:1] /= np.sqrt(2.0)
    return np.asarray(matrix)


def float_features(pcm: NDArray[np.int16], config: FeatureConfig) -> NDArray[np.float32]:
    """Features of a clip, [frames, n_features], computed in float64 and not saturated to Q7.8.

    frames = 1 + (len(pcm) - window_length) // hop_length, or 0 when `pcm` is shorter than a window.
    """
    if len(pcm) < config.window_length:
        return np.zeros((0, config.n_features), np.float32)
    samples = pcm.astype(np.float64) / 32768.0
    frames = np.lib.stride_tricks.sliding_window_view(samples, config.window_length)[:: config.hop_length]
    spectrum = np.fft.rfft(frames * hann_window(config.window_length), config.n_fft)
    power = spectrum.real**2 + spectrum.imag**2
    features = np.log(power @ mel_filters(config).T + config.log_offset)
    if config.kind == "mfcc":
        features = features @ dct_matrix(config.n_coefficients, config.n_mels).T
    return features.astype(np.float32)
