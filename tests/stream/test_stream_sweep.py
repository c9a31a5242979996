"""Recorded scores are the pipeline's own; the sweep; confidence limits; the choice."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kws_tflm.config import from_dict
from kws_tflm.console.score import Label
from kws_tflm.errors import AudioError, DataError, ParityError
from kws_tflm.report.det_curve import draw_det_curve
from kws_tflm.runtime import Spotter
from kws_tflm.stream.confidence import binomial_limits, poisson_limits
from kws_tflm.stream.scores import RecordedScores, record_scores
from kws_tflm.stream.sweep import THRESHOLDS, choose, point, sweep

STEP = 2560


def noise(samples, seed=0):
    return np.random.default_rng(seed).normal(0, 4000, samples).astype(np.int16)


def config(**detector):
    return from_dict({"data": {"words": ["yes", "no"]}, "detector": detector})


def recorded(outputs, **detector):
    """Scores as if a stream of as many inferences had been played."""
    found = config(**detector)
    ends = np.arange(len(outputs), dtype=np.int64) * STEP + 15872
    return RecordedScores(np.asarray(outputs, np.int8), ends, found, found.labels, len(outputs) * STEP + 16000)


def said(word, inference):
    """A label that ends with the window of an inference."""
    end = inference * STEP + 15872
    return Label(word, end - 4000, end)


@pytest.mark.parametrize(("threads", "hops", "seconds"), [(1, 8, 12.3), (2, 8, 12.3), (2, 1, 4.0), (3, 5, 35.01)])
def test_scores_are_those_of_one_run_of_the_pipeline(tiny_models, threads, hops, seconds):
    wanted = from_dict({**tiny_models.config.to_dict(), "detector": {"threshold": 0.12, "hops_per_inference": hops}})
    pcm = noise(int(16000 * seconds), seed=2)
    found = record_scores(tiny_models.sparse, wanted, pcm, threads=threads, progress=False)
    spotter = Spotter(tiny_models.sparse, wanted)
    detections = spotter.process(pcm)
    np.testing.assert_array_equal(found.outputs, spotter.take_recording()[2])
    assert found.detections(wanted.detector) == detections
    assert detections


def test_any_length_of_stream(tiny_models):
    window = 16000  # 49 columns are complete with the fiftieth hop
    for samples in (window, window + 1, window + STEP - 1, window + STEP, window + 20 * STEP):
        found = record_scores(tiny_models.sparse, tiny_models.config, noise(samples), progress=False)
        assert len(found.outputs) == 1 + (samples - window) // STEP
        assert found.ends[-1] <= samples
    with pytest.raises(AudioError, match="one model window"):
        record_scores(tiny_models.sparse, tiny_models.config, noise(window - 1), progress=False)


def test_parts_that_do_not_fit_are_noticed(tiny_models, monkeypatch):
    take = Spotter.take_recording
    turns = iter(range(100))

    def damaged(spotter):
        features, inputs, outputs = take(spotter)
        return features, inputs, outputs ^ np.int8(next(turns) % 2)

    monkeypatch.setattr(Spotter, "take_recording", damaged)
    with pytest.raises(ParityError):
        record_scores(tiny_models.sparse, tiny_models.config, noise(16000 * 8), progress=False)


def test_first_keeps_what_ended_in_time():
    scores = recorded(np.full((10, 4), -128))
    assert len(scores.first(15872).outputs) == 1
    assert len(scores.first(15871).outputs) == 0
    assert len(scores.first(10**9).outputs) == 10


@st.composite
def random_scores(draw):
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    count = draw(st.integers(1, 120))
    outputs = rng.choice([-128, -100, 0, 60, 100, 120, 127], (count, 4))
    labels = [said(str(rng.choice(["yes", "no", "cat"])), int(i)) for i in range(2, count, 9) if rng.random() < 0.7]
    return outputs, labels


@settings(max_examples=40, deadline=None)
@given(random_scores(), st.sampled_from([1, 2, 3]))
def test_without_refractory_time_false_alarms_fall_and_misses_rise(scores, smoothing):
    outputs, labels = scores
    points = sweep(recorded(outputs, refractory_ms=0, smoothing=smoothing), labels, thresholds=range(50, 1000, 50))
    for low, high in itertools.pairwise(points):
        assert high.false_alarms <= low.false_alarms
        assert high.missed >= low.missed
        assert low.said == high.said


@settings(max_examples=25, deadline=None)
@given(random_scores())
def test_points_agree_with_their_limits_and_with_one_run_each(scores):
    outputs, labels = scores
    whole = recorded(outputs)
    for found in sweep(whole, labels, smoothings=(1, 3), thresholds=(300, 700)):
        again = point(
            whole, labels, replace(whole.config.detector, threshold=found.threshold, smoothing=found.smoothing)
        )
        assert found == again
        low, high = found.false_alarms_per_hour_limits
        assert low <= found.false_alarms_per_hour <= high
        assert sum(found.kinds.values()) == found.false_alarms
        if found.said:
            assert found.miss_rate_limits[0] <= found.miss_rate <= found.miss_rate_limits[1]
        else:
            assert found.miss_rate is None


def test_known_scores():
    """Inferences 5 to 8 say yes, 20 to 23 no: of yes, no and cat said there, yes is heard, no is not, cat is false."""
    outputs = np.full((60, 4), -128)
    outputs[:, 2] = 127
    for first, word in ((5, 0), (20, 1), (40, 0)):
        outputs[first : first + 4] = -128
        outputs[first : first + 4, word] = 127
    labels = [said("yes", 6), said("yes", 21), said("cat", 41)]
    scores = recorded(outputs, smoothing=3, threshold=0.6)
    found = point(scores, labels, scores.config.detector)
    assert (found.said, found.missed, found.false_alarms) == (2, 1, 2)
    assert found.kinds == {"repeated": 0, "confused": 1, "unknown_word": 1, "no_word": 0}
    assert found.miss_rate == 0.5
    assert found.false_alarms_per_hour == pytest.approx(2 * 3600 / ((60 * STEP + 16000) / 16000))


def test_choice_is_the_fewest_misses_within_the_bound():
    outputs = np.random.default_rng(1).integers(-128, 128, (400, 4))
    labels = [said("yes", i) for i in range(5, 400, 12)]
    points = sweep(recorded(outputs), labels, smoothings=(1, 2, 3))
    assert len(points) == 3 * len(THRESHOLDS)
    for bound in (0.0, 50.0, 500.0, 1e9):
        chosen = choose(points, bound)
        allowed = [p for p in points if p.false_alarms_per_hour <= bound]
        assert (chosen is None) == (not allowed)
        if chosen is not None:
            assert chosen in allowed
            assert chosen.missed == min(p.missed for p in allowed)
    assert choose(points, -1.0) is None


def test_limits_are_the_textbook_ones():
    assert poisson_limits(0) == pytest.approx((0.0, 3.6889), abs=1e-4)
    assert poisson_limits(10) == pytest.approx((4.7954, 18.3904), abs=1e-4)
    assert binomial_limits(0, 10) == pytest.approx((0.0, 0.3085), abs=1e-4)
    assert binomial_limits(10, 10) == pytest.approx((0.6915, 1.0), abs=1e-4)
    assert binomial_limits(3, 20) == pytest.approx((0.0321, 0.3789), abs=1e-4)


def test_plot_is_whole_or_absent(tmp_path, monkeypatch):
    outputs = np.random.default_rng(1).integers(-128, 128, (100, 4))
    points = sweep(recorded(outputs), [said("yes", 5)], smoothings=(1, 3))
    draw_det_curve(points, tmp_path / "new" / "det.png", "title", 1.0, points[3], points[0])
    assert (tmp_path / "new" / "det.png").read_bytes()[:4] == b"\x89PNG"
    silent = sweep(recorded(outputs), [], thresholds=(500,))
    with pytest.raises(DataError, match="no miss rate"):
        draw_det_curve(silent, tmp_path / "other.png", "title", 1.0)
    assert not (tmp_path / "other.png").exists()
