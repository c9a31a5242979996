"""Streams and whole clips give equal columns."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest
from feature_clips import make_clips
from feature_native import Extractor, Native, Tables, pointer
from feature_strategies import feature_configs, signals
from hypothesis import given, settings
from hypothesis import strategies as st

from kws_tflm.config import FeatureConfig
from kws_tflm.features.tables import workspace_bytes
from kws_tflm.runtime import FeatureExtractor


def stream(extractor: Extractor, pcm: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """Columns, and the number of samples pushed when each one came."""
    hop = extractor.config.hop_length
    columns, times = [], []
    for end in range(hop, len(pcm) + 1, hop):
        column = extractor.push(pcm[end - hop : end])
        if column is not None:
            columns.append(column)
            times.append(end)
    return np.array(columns, np.int16).reshape(-1, extractor.config.n_features), times


@settings(max_examples=60, deadline=None)
@given(config=feature_configs(), data=st.data())
def test_stream_equals_clip(native: Native, config: FeatureConfig, data: st.DataObject):
    hops = -(-config.window_length // config.hop_length) + data.draw(st.integers(0, 6))
    pcm = data.draw(signals(hops * config.hop_length))
    extractor = native.extractor(config)

    columns, times = stream(extractor, pcm)

    np.testing.assert_array_equal(columns, extractor.clip(pcm))
    for index, time in enumerate(times):  # Each by the push that completes its window.
        window_end = index * config.hop_length + config.window_length
        assert time - config.hop_length < window_end <= time


def test_default_configuration_needs_two_hops_for_the_first_column(native: Native):
    extractor = native.extractor(FeatureConfig())
    hop = np.zeros(320, np.int16)
    assert extractor.push(hop) is None
    assert extractor.push(hop) is not None
    assert extractor.push(hop) is not None


def test_reset_forgets_the_stream(native: Native):
    extractor = native.extractor(FeatureConfig())
    first, second = (samples for kind, samples in make_clips(12) if kind == "speech")
    stream(extractor, first[: 320 * 7])

    extractor.reset()
    columns, _ = stream(extractor, second)

    np.testing.assert_array_equal(columns, native.extractor(FeatureConfig()).clip(second[: 320 * 50]))


def test_clip_leaves_a_running_stream_alone(native: Native):
    config = FeatureConfig()
    pcm = np.concatenate([samples for _, samples in make_clips(3)])[: 320 * 100]
    plain, disturbed = native.extractor(config), native.extractor(config)
    expected, _ = stream(plain, pcm)

    head, _ = stream(disturbed, pcm[: 320 * 40])
    disturbed.clip(pcm[::-1])
    tail, _ = stream(disturbed, pcm[320 * 40 :])

    np.testing.assert_array_equal(np.concatenate([head, tail]), expected)


def test_clip_shorter_than_a_window_has_no_column(native: Native):
    assert native.extractor(FeatureConfig()).clip(np.zeros(511, np.int16)).shape == (0, 10)


@given(config=feature_configs())
@settings(max_examples=20, deadline=None)
def test_workspace_size_is_known_in_python(native: Native, config: FeatureConfig):
    assert native.lib.workspace_bytes(Tables(config).address) == workspace_bytes(config)


def test_workspace_that_is_too_small_is_refused(native: Native):
    config = FeatureConfig()
    extractor = Extractor(native.lib, Tables(config), workspace_bytes=workspace_bytes(config) - 1)
    assert not extractor.ok
    assert extractor.push(np.zeros(320, np.int16)) is None
    assert extractor.push(np.zeros(320, np.int16)) is None


@pytest.mark.parametrize("pushed", [0, 1, 6, 7, 8, 20])
def test_column_ring_keeps_the_newest_oldest_first(native: Native, pushed: int):
    columns = np.random.default_rng(pushed).integers(-9999, 9999, (pushed, 3)).astype(np.int16)
    storage = np.full((7, 3), 77, np.int16)
    ring = ctypes.c_void_p(native.lib.ring_new(pointer(storage), 7, 3))
    out = np.zeros((7, 3), np.int16)
    quantised = np.zeros((7, 3), np.int8)
    try:
        for column in columns:
            native.lib.ring_push(ring, pointer(column))
        size = native.lib.ring_copy(ring, pointer(out))
        native.lib.ring_quantize(ring, 1 << 30, -7, 3, pointer(quantised))
        native.lib.ring_reset(ring)
        size_after_reset = native.lib.ring_copy(ring, pointer(out.copy()))
    finally:
        native.lib.ring_delete(ring)

    assert size == min(pushed, 7)
    np.testing.assert_array_equal(out[:size], columns[-size:] if size else columns)
    expected = np.zeros((7, 3), np.int8)
    native.lib.quantize_features(pointer(out), size * 3, 1 << 30, -7, 3, pointer(expected))
    np.testing.assert_array_equal(quantised[:size], expected[:size])
    assert size_after_reset == 0


def test_python_runtime_gives_the_same_columns(native: Native):
    config = FeatureConfig(n_fft=1024, window_length=640, hop_length=200, n_mels=24, n_coefficients=12)
    pcm = np.stack([samples for _, samples in make_clips(8)])
    expected = np.stack([native.extractor(config).clip(samples) for samples in pcm])

    np.testing.assert_array_equal(FeatureExtractor(config).batch(pcm), expected)
