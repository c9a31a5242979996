"""Hypothesis strategies: front-end configurations and signals."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from kws_tflm.config import FeatureConfig


@st.composite
def feature_configs(draw: st.DrawFn) -> FeatureConfig:
    """Anything that the configuration check accepts."""
    n_fft = draw(st.sampled_from([256, 512, 1024, 2048]))
    window_length = draw(st.integers(32, n_fft))
    n_mels = draw(st.integers(1, 128))
    f_min = draw(st.floats(0, 4000))
    return FeatureConfig(
        kind=draw(st.sampled_from(["mfcc", "log_mel"])),
        n_fft=n_fft,
        window_length=window_length,
        hop_length=draw(st.integers(1, window_length)),
        n_mels=n_mels,
        n_coefficients=draw(st.integers(1, n_mels)),
        f_min=f_min,
        f_max=draw(st.floats(f_min + 1, 8000)),
        log_offset=draw(st.sampled_from([1e-9, 1e-6, 1e-4, 1e-2])),
    )


@st.composite
def signals(draw: st.DrawFn, length: int) -> np.ndarray:
    """int16 noise, tone, step or constant, of any amplitude."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    amplitude = draw(st.sampled_from([0, 1, 2, 100, 5000, 32768]))
    wave = {
        "noise": rng.uniform(-1, 1, length),
        "tone": np.sin(np.arange(length) * rng.uniform(0, np.pi)),
        "square": np.sign(np.sin(np.arange(length) * rng.uniform(0, np.pi) + 0.1)),
        "step": (np.arange(length) >= rng.integers(0, length)) * rng.choice([-1.0, 1.0]),
        "constant": np.full(length, rng.choice([-1.0, 1.0])),
    }[draw(st.sampled_from(["noise", "tone", "square", "step", "constant"]))]
    return np.clip(np.rint(amplitude * wave), -32768, 32767).astype(np.int16)
