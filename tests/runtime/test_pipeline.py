"""The bound front end, detector and pipeline agree with each other, however the samples arrive."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kws_tflm.config import DetectorConfig, FeatureConfig, from_dict
from kws_tflm.errors import ModelError
from kws_tflm.features.quantize import input_quantization, quantize_features
from kws_tflm.runtime import Detector, FeatureExtractor, Interpreter, Spotter


def noise(samples: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 4000, samples).astype(np.int16)


def test_batch_equals_clip_by_clip():
    extractor = FeatureExtractor(FeatureConfig())
    clips = noise(7 * 16000).reshape(7, 16000)
    np.testing.assert_array_equal(extractor.batch(clips, threads=2), [extractor.clip(clip) for clip in clips])


def test_stream_equals_clip():
    config = FeatureConfig(n_mels=20, n_coefficients=13, hop_length=160, window_length=400)
    extractor = FeatureExtractor(config)
    samples = noise(8000)
    pushed = [extractor.push(hop) for hop in samples.reshape(-1, 160)]
    columns = [column for column in pushed if column is not None]
    np.testing.assert_array_equal(columns, extractor.clip(samples))


def test_short_clip_has_no_column():
    assert FeatureExtractor(FeatureConfig()).clip(noise(511)).shape == (0, 10)


def test_pipeline_is_front_end_then_model_then_detector(tiny_models):
    config = from_dict({**tiny_models.config.to_dict(), "detector": {"threshold": 0.12, "hops_per_inference": 5}})
    samples = noise(48000, seed=2)
    spotter = Spotter(tiny_models.sparse, config)
    detections = spotter.process(samples)
    features, inputs, outputs = spotter.take_recording()

    np.testing.assert_array_equal(features, FeatureExtractor(config.features).clip(samples))
    interpreter = Interpreter(tiny_models.sparse)
    quantization = input_quantization(interpreter.input_scale, interpreter.input_zero_point)
    detector = Detector(config.detector, config.labels)
    expected = []
    for index, (taken, given_scores) in enumerate(zip(inputs, outputs, strict=True)):
        first = index * 5
        np.testing.assert_array_equal(taken, quantize_features(features[first : first + 49], *quantization).ravel())
        np.testing.assert_array_equal(given_scores, interpreter.invoke(taken).ravel())
        event = detector.update(given_scores, (first + 48) * 320 + 512)
        expected += [event] if event else []
    assert len(outputs) == 1 + (len(features) - 49) // 5
    assert detections == expected


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 20), min_size=1, max_size=8))
def test_chunks_of_hops_do_not_matter(tiny_models, hops):
    samples = noise(sum(hops) * 320 + 320 * 60, seed=4)
    whole = Spotter(tiny_models.dense, tiny_models.config)
    parts = Spotter(tiny_models.dense, tiny_models.config)
    expected = whole.process(samples)
    found = [d for chunk in np.split(samples, np.cumsum(hops) * 320) for d in parts.process(chunk)]
    assert found == expected
    for a, b in zip(whole.take_recording(), parts.take_recording(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_model_that_does_not_suit_the_configuration(tiny_models):
    other = from_dict({"features": {"n_coefficients": 13}})
    with pytest.raises(ModelError, match="does not suit"):
        Spotter(tiny_models.dense, other)


def test_detector_reports_once_within_the_refractory_time():
    labels = ("yes", "no", "_silence_", "_unknown_")
    detector = Detector(DetectorConfig(smoothing=2, threshold=0.5, refractory_ms=1000), labels)
    yes = np.array([127, -128, -128, -128], np.int8)
    silence = np.array([-128, -128, 127, -128], np.int8)
    events = [detector.update(yes, sample) for sample in range(0, 40000, 4000)]
    assert [event.sample for event in events if event] == [4000, 20000, 36000]
    assert all(event.word == "yes" and event.score == pytest.approx(0.996) for event in events if event)
    detector.reset()
    assert [detector.update(silence, sample) for sample in range(0, 40000, 4000)] == [None] * 10
