"""The Cortex-M7 gives the bits of the host, in a fixed number of instructions."""

from __future__ import annotations

import numpy as np
import pytest
from feature_clips import make_clips
from feature_native import Native
from feature_target import CortexM7, build_image

from kws_tflm.config import FeatureConfig

CONFIGS = {
    "default": FeatureConfig(),
    "radix2_first": FeatureConfig(n_fft=1024, window_length=641, n_mels=64, n_coefficients=13, f_max=8000.0),
    "log_mel": FeatureConfig(kind="log_mel", n_fft=256, window_length=256, hop_length=128, n_mels=20, log_offset=1e-2),
    "longest": FeatureConfig(n_fft=2048, window_length=2048, n_mels=128, n_coefficients=20, log_offset=1e-9),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_target_equals_host(native: Native, tmp_path, name: str):
    config = CONFIGS[name]
    m7 = CortexM7(build_image(tmp_path, config))
    extractor = native.extractor(config)
    for _, pcm in make_clips(24, seed=2):
        window = pcm[4000 : 4000 + config.window_length]
        m7.write("samples", window)
        m7.call("compute_column")
        np.testing.assert_array_equal(m7.read("column", config.n_features), extractor.clip(window)[0])


def test_instructions_of_a_default_column_do_not_depend_on_the_signal(tmp_path):
    m7 = CortexM7(build_image(tmp_path, FeatureConfig()))
    counts = set()
    for _, pcm in make_clips(24, seed=3):
        m7.write("samples", pcm[:512])
        counts.add(m7.call("compute_column"))
    assert max(counts) - min(counts) <= 100  # Saturation and normalisation only.
    assert max(counts) < 36_000
