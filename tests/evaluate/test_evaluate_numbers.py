"""Accuracy by class, confusion and reliability from scores."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws_tflm.errors import DataError
from kws_tflm.evaluate.evaluation import evaluation_of
from kws_tflm.evaluate.reliability import reliability_of
from kws_tflm.evaluate.runners import Int8Model
from kws_tflm.report.reliability import draw_evaluation

LABELS = ("yes", "no", "_silence_")


def test_each_word_has_recall_precision_and_f1():
    scores = [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.6, 0.3, 0.1], [0.1, 0.9, 0.0]]
    report = evaluation_of(scores, [0, 0, 1, 1], LABELS).to_dict()

    assert report["accuracy"] == 0.5
    assert report["n"] == 4
    assert report["per_class"]["yes"] == {"n": 2, "recall": 0.5, "precision": 0.5, "f1": 0.5}
    assert report["per_class"]["_silence_"] == {"n": 0, "recall": None, "precision": None, "f1": None}
    assert report["confusion"] == [[1, 1, 0], [1, 1, 0], [0, 0, 0]]
    assert json.loads(json.dumps(report)) == report


def test_scores_that_are_right_as_often_as_they_say_are_reliable():
    scores = np.tile([0.75, 0.25], (400, 1))
    expected = np.array([0, 0, 0, 1] * 100)

    found = reliability_of(scores, expected)

    assert found.expected_calibration_error == pytest.approx(0)
    assert found.mean_confidence == pytest.approx(0.75)
    assert found.brier == pytest.approx(2 * (0.75 * 0.25**2 + 0.25 * 0.75**2))


def test_overconfidence_is_the_calibration_error():
    scores = np.array([[1.0, 0.0]] * 10 + [[0.0, 1.0]] * 10)
    expected = np.array([0] * 9 + [1] + [1] * 7 + [0] * 3)

    found = reliability_of(scores, expected)

    assert found.expected_calibration_error == pytest.approx(0.2)
    assert found.maximum_calibration_error == pytest.approx(0.2)
    assert [part.n for part in found.bins] == [0] * 14 + [20]


@given(st.integers(1, 60), st.integers(2, 12), st.integers(0, 2**32 - 1))
def test_every_clip_is_in_one_bin(clips, classes, seed):
    rng = np.random.default_rng(seed)
    scores = rng.dirichlet(np.full(classes, 0.3), clips)
    expected = rng.integers(0, classes, clips)

    result = evaluation_of(scores, expected, [str(i) for i in range(classes)])

    bins = result.reliability.bins
    assert sum(part.n for part in bins) == clips
    assert all(part.low - 1e-9 <= part.confidence <= part.high + 1e-9 for part in bins if part.n)
    assert 0 <= result.reliability.expected_calibration_error <= result.reliability.maximum_calibration_error <= 1
    right = sum(part.n * part.accuracy for part in bins if part.n)
    assert right == pytest.approx(result.result.correct)
    assert sum(word.n for word in result.classes.values()) == clips


@pytest.mark.parametrize(("scale", "zero_point"), [(1 / 256, -128), (0.1, 3)])
def test_scores_of_probabilities_and_of_logits_are_in_order_and_in_range(scale, zero_point):
    model = Int8Model(b"", Path("x"), 1, 3, 1.0, 0, scale, zero_point, ())
    outputs = np.array([[-128, 127, 5], [127, 0, -128]], np.int8)

    scores = model.scores(outputs)

    assert np.array_equal(scores.argsort(axis=1), outputs.argsort(axis=1))
    assert scores.min() >= 0
    assert scores.max() <= 1


def test_no_clips_is_one_error():
    with pytest.raises(DataError, match="no clip"):
        evaluation_of(np.empty((0, 3)), [], LABELS)


def test_the_picture_is_a_png():
    scores = [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1]]

    assert draw_evaluation(evaluation_of(scores, [0, 0], LABELS), "two").startswith(b"\x89PNG")
