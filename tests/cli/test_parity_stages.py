"""The stages of parity with fakes behind them: schedule, windows, and a difference put into each stage."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from kws_tflm.config import from_dict
from kws_tflm.errors import AudioError, ModelError
from kws_tflm.evaluate.parity import compare
from kws_tflm.evaluate.parity_stages import Backends, BoardTrace, Sources, run_stages, window_ends

CONFIG = from_dict(
    {
        "data": {"words": ["yes", "no"]},
        "features": {
            "window_length": 64, "hop_length": 40, "n_fft": 256, "n_mels": 6, "n_coefficients": 4, "n_frames": 5
        },
        "detector": {"hops_per_inference": 2},
    }
)  # fmt: skip
PCM = np.random.default_rng(3).integers(-8000, 8000, 1000, dtype=np.int16)
DENSE, SPARSE = b"dense", b"sparse"


def columns_of(pcm, features):
    count = 1 + (len(pcm) - features.window_length) // features.hop_length
    starts = [i * features.hop_length for i in range(count)]
    return np.stack([pcm[start : start + features.n_features] for start in starts])


def classify(window):
    total = int(np.asarray(window, np.int64).sum())
    return np.array([total % 251 - 125, total % 127, -total % 113, 7], np.int8)


def interpreter(_model):
    return SimpleNamespace(
        invoke=classify,
        input_scale=0.5,
        input_zero_point=3,
        input_shape=(1, 5, 4, 1),
        output_scale=1 / 256,
        output_zero_point=-128,
        output_shape=(1, 4),
    )


def detect(_config, labels, outputs, ends):
    return tuple(
        (labels[int(o.argmax())], int(o.max()), end) for o, end in zip(outputs, ends, strict=True) if o.max() > 60
    )


BACKENDS = Backends(
    float_features=lambda pcm, features: columns_of(pcm, features) / 256.0,
    fixed_features=columns_of,
    tflite=lambda _model, inputs: [classify(x) for x in inputs],
    tflm=interpreter,
    detect=detect,
)


def board(pcm):
    """A correct board, which hears noise after the recording."""
    tail = np.concatenate([pcm, np.ones(400, np.int16)])
    stages = run_stages(tail, Sources(CONFIG, CONFIG.labels, DENSE, SPARSE), BACKENDS)
    return BoardTrace(
        stages.fixed_columns,
        stages.host_inputs,
        stages.tflm_sparse_outputs,
        stages.host_detections,
        stages.host_detections,
    )


SOURCES = Sources(CONFIG, CONFIG.labels, DENSE, SPARSE, None, board)


def test_schedule_of_inferences():
    assert window_ends(1000, CONFIG) == list(range(64 + 4 * 40, 1001, 80))
    assert window_ends(223, CONFIG) == []
    assert window_ends(224, CONFIG) == [224]


def test_equal_stages_hold_and_what_the_board_hears_after_the_recording_is_left_out():
    stages = run_stages(PCM, SOURCES, BACKENDS)
    assert len(stages.board_outputs) == len(window_ends(len(PCM), CONFIG))
    assert stages.host_detections
    report = compare(stages)
    assert report.first_failure is None
    assert len(report.comparisons) == 8


def test_keras_scores_are_put_into_the_output_quantisation():
    sources = dataclasses.replace(SOURCES, keras=lambda windows: np.full((len(windows), 4), 0.25, np.float32))
    stages = run_stages(PCM, sources, BACKENDS)
    assert set(stages.keras_outputs.ravel().tolist()) == {-64}


@pytest.mark.parametrize(
    ("backends", "second"),
    [
        ({"float_features": lambda pcm, f: columns_of(pcm, f) / 256.0 + 2.0}, "fixed features (host)"),
        ({"tflite": lambda _m, inputs: [classify(x) ^ 1 for x in inputs]}, "host TFLM dense"),
    ],
)
def test_a_difference_in_a_host_stage_is_named(backends, second):
    report = compare(run_stages(PCM, SOURCES, dataclasses.replace(BACKENDS, **backends)))
    assert report.first_failure.second == second


def test_the_known_rounding_must_explain_every_difference():
    def differing(values):
        return dataclasses.replace(BACKENDS, tflite=lambda _m, x: [classify(w) ^ 1 for w in x], is_rounding=values)

    assert run_stages(PCM, SOURCES, differing(lambda _m, _w: True)).rounding_only
    answers = iter([True, False])
    assert not run_stages(PCM, SOURCES, differing(lambda _m, _w: next(answers))).rounding_only
    assert not run_stages(PCM, SOURCES, BACKENDS).rounding_only


def test_a_difference_in_the_sparse_model_is_named():
    def tflm(model):
        real = interpreter(model)
        if model == SPARSE:
            real.invoke = lambda window: classify(window) ^ 1
        return real

    report = compare(run_stages(PCM, SOURCES, dataclasses.replace(BACKENDS, tflm=tflm)))
    assert report.first_failure.second == "host TFLM sparse"


@pytest.mark.parametrize(
    ("field", "what"),
    [("columns", "features"), ("inputs", "model input"), ("outputs", "model output")],
)
def test_a_difference_on_the_board_is_named(field, what):
    def broken(pcm):
        trace = board(pcm)
        values = getattr(trace, field).copy()
        values[1] += 1
        return dataclasses.replace(trace, **{field: values})

    failure = compare(run_stages(PCM, dataclasses.replace(SOURCES, board=broken), BACKENDS)).first_failure
    assert (failure.what, failure.second) == (what, "virtual board")


@pytest.mark.parametrize("field", ["detections", "console"])
def test_a_detection_that_is_lost_is_named(field):
    def deaf(pcm):
        return dataclasses.replace(board(pcm), **{field: ()})

    failure = compare(run_stages(PCM, dataclasses.replace(SOURCES, board=deaf), BACKENDS)).first_failure
    assert failure.what == "detections"


def test_a_recording_shorter_than_a_model_window_is_one_line():
    with pytest.raises(AudioError, match="one model window takes 224"):
        run_stages(PCM[:223], SOURCES, BACKENDS)


def test_a_model_of_other_shape_or_classes_is_refused():
    with pytest.raises(ModelError, match="4 classes"):
        run_stages(PCM, dataclasses.replace(SOURCES, labels=("yes",)), BACKENDS)
    with pytest.raises(ModelError, match=r"needs a \.tflite"):
        run_stages(PCM, Sources(CONFIG, CONFIG.labels), BACKENDS)
