"""Constant tables of the fixed-point front end.

`make_tables` computes them from a `FeatureConfig`; keys, shapes and formats are those of the C++ struct
``FeatureTables`` (stm32f7_app/core/features/feature_tables.h), which says what each one means.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kws_tflm.config import FeatureConfig
from kws_tflm.features.codegen import Tables, write_cpp, write_header
from kws_tflm.features.reference import dct_matrix, hann_window, mel_band_edges

__all__ = ["Tables", "make_tables", "workspace_bytes", "write_cpp", "write_header"]

LOG_TABLE_BITS = 7
"""``kLogTableBits`` of feature_tables.h."""


def make_tables(config: FeatureConfig) -> Tables:
    """Tables for `config`: int32 / uint32 / int16 / uint16 arrays and plain ints, deterministic."""
    radices = fft_radices(config.n_fft // 2)
    segments, rising = _mel_ramps(config)
    n_coefficients = config.n_coefficients if config.kind == "mfcc" else 0
    return {
        "window_length": config.window_length,
        "hop_length": config.hop_length,
        "n_fft": config.n_fft,
        "n_mels": config.n_mels,
        "n_coefficients": n_coefficients,
        "n_features": config.n_features,
        "window": _fixed(hann_window(config.window_length), 31 - _growth_bits(radices), np.int32),
        "permutation": np.argsort(_input_order(np.arange(config.n_fft // 2), radices)).astype(np.uint16),
        "fft_twiddles": _fft_twiddles(radices),
        "unpack_twiddles": _unpack_twiddles(config.n_fft),
        "mel_segments": segments,
        "mel_rising": rising,
        "log_table": _fixed(np.log1p(np.arange(2**LOG_TABLE_BITS + 1) / 2**LOG_TABLE_BITS), 16, np.uint16),
        "dct": _fixed(dct_matrix(n_coefficients, config.n_mels), 15, np.int16),
        "log_offset": max(1, round(config.log_offset * 4 ** power_scale_bits(config.n_fft))),
    }


def power_scale_bits(n_fft: int) -> int:
    """The fixed-point spectrum is the DFT of samples in [-1, 1) times 2 to this power: |DFT| <= n_fft / 2 -> 2^30."""
    return 30 - (n_fft // 2).bit_length() + 1


def workspace_bytes(config: FeatureConfig) -> int:
    """Bytes of workspace of the C++ extractor: ``FeatureWorkspaceBytes``."""
    used = 4 * (config.n_fft + config.n_mels) + 2 * (config.window_length + config.hop_length - 1)
    return (used + 7) // 8 * 8


def fft_radices(points: int) -> list[int]:
    """Radix of each FFT stage, first stage first: fours, with one two in front when log2(points) is odd."""
    fours, two = divmod(points.bit_length() - 1, 2)
    return [2] * two + [4] * fours


def _growth_bits(radices: list[int]) -> int:
    """log2 of the butterflies' gain: the first stage is not scaled, each later one is halved."""
    return sum(r.bit_length() - 1 for r in radices) - (len(radices) - 1)


def _fixed(values: NDArray[np.float64], fraction_bits: int, dtype: type[np.integer[Any]]) -> NDArray[Any]:
    """Round to fixed point; the largest representable value where 1.0 does not fit (Q31, Q15)."""
    limits = np.iinfo(dtype)
    return np.clip(np.rint(values * 2.0**fraction_bits), limits.min, limits.max).astype(dtype)


def _input_order(indices: NDArray[np.int64], radices: list[int]) -> NDArray[np.int64]:
    """Input index for each slot of a decimation-in-time FFT whose output is in natural order."""
    if not radices:
        return indices
    last = radices[-1]
    return np.concatenate([_input_order(indices[i::last], radices[:-1]) for i in range(last)])


def _fft_twiddles(radices: list[int]) -> NDArray[np.int32]:
    """For each stage after the first, each j, q = 1, 2, 3: exp(-2 pi i j q / (4 span)) as (re, im) in Q31."""
    stages = []
    span = radices[0]
    for radix in radices[1:]:
        angle = 2.0 * np.pi * np.outer(np.arange(span), np.arange(1, radix)) / (radix * span)
        stages.append(np.stack([np.cos(angle), -np.sin(angle)], axis=-1).ravel())
        span *= radix
    return _fixed(np.concatenate(stages), 31, np.int32)


def _unpack_twiddles(n_fft: int) -> NDArray[np.int32]:
    angle = 2.0 * np.pi * np.arange(n_fft // 4 + 1) / n_fft
    return _fixed(np.stack([np.cos(angle), np.sin(angle)], axis=-1), 31, np.int32)


def _mel_ramps(config: FeatureConfig) -> tuple[NDArray[np.uint16], NDArray[np.uint32]]:
    """(mel_segments, mel_rising): over each segment between band edges one filter rises while the one before falls.

    Triangles of peak 1 that share their edges add to 1 there, so one weight serves both.
    """
    edges = mel_band_edges(config)
    frequencies = np.arange(config.n_fft // 2) * (config.sample_rate / config.n_fft)
    segments = np.searchsorted(frequencies, edges, side="left")
    segments[0] = np.searchsorted(frequencies, edges[0], side="right")  # A bin on the lowest edge has weight 0.
    segment_of_bin = np.repeat(np.arange(config.n_mels + 1), np.diff(segments))
    bins = frequencies[segments[0] : segments[-1]]
    rising = (bins - edges[segment_of_bin]) / np.diff(edges)[segment_of_bin]
    return segments.astype(np.uint16), _fixed(rising, 32, np.uint32)
