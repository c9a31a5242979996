"""Fixed-point features against the float reference."""

from __future__ import annotations

import numpy as np
import pytest
from feature_clips import make_clips
from feature_native import Native
from feature_strategies import feature_configs, signals
from hypothesis import given, settings
from hypothesis import strategies as st

from kws_tflm.config import FeatureConfig
from kws_tflm.features.quantize import input_quantization, quantize_features
from kws_tflm.features.reference import float_features


@pytest.mark.parametrize("kind", ["mfcc", "log_mel"])
def test_int8_features_differ_by_at_most_one_step_on_1000_clips(native: Native, kind: str):
    config = FeatureConfig(kind=kind)
    extractor = native.extractor(config)
    pcm = [samples for _, samples in make_clips(1000)]
    fixed = np.stack([extractor.clip(samples) for samples in pcm])
    expected = np.stack([float_features(samples, config) for samples in pcm])

    scale = float(np.ptp(expected)) / 255.0
    zero_point = int(np.rint(-128 - expected.min() / scale))
    steps = quantize_features(fixed, *input_quantization(scale, zero_point))
    expected_steps = np.clip(np.rint(expected / scale) + zero_point, -128, 127)

    assert np.abs(steps - expected_steps).max() <= 1
    # Far tighter: beside the rounding to Q7.8 itself, less than one unit of it.
    assert np.abs(fixed - 256.0 * expected).max() < 1.5


@settings(max_examples=60, deadline=None)
@given(config=feature_configs(), data=st.data())
def test_any_configuration_is_close_to_the_reference(native: Native, config: FeatureConfig, data: st.DataObject):
    pcm = data.draw(signals(config.window_length + 2 * config.hop_length))
    fixed = native.extractor(config).clip(pcm) / 256.0
    expected = np.clip(float_features(pcm, config), -128, 32767 / 256)
    # The word length leaves a floor near 1e-12 of full-scale power, which shows where log_offset is near it.
    tolerance = 4 / 256 if config.log_offset >= 1e-6 and config.kind == "log_mel" else 0.15
    np.testing.assert_allclose(fixed, expected, atol=tolerance)


def test_features_saturate_where_q78_ends(native: Native):
    config = FeatureConfig(n_mels=128, n_coefficients=2, log_offset=1e-9)
    pcm = np.zeros(config.window_length, np.int16)
    assert float_features(pcm, config)[0, 0] < -128
    assert native.extractor(config).clip(pcm)[0, 0] == -32768
