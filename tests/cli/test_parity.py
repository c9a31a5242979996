"""Parity names the first stage that differs, where and by how much: a difference is put into each stage in turn."""

import dataclasses

import numpy as np
import pytest

from kws_tflm.evaluate.parity import Stages, compare

LABELS = ("yes", "no", "_silence_")


@pytest.fixture
def stages():
    rng = np.random.default_rng(7)
    columns = rng.integers(-3000, 3000, (20, 10), dtype=np.int16)
    columns_int8 = (columns >> 6).astype(np.int8)
    inputs = np.stack([columns_int8[i : i + 8] for i in (0, 4, 8)])
    outputs = rng.integers(-120, 120, (3, 3), dtype=np.int8)
    detections = (("yes", 913, 16000), ("no", 750, 48000))
    return Stages(
        labels=LABELS,
        float_columns=columns_int8.copy(),
        fixed_columns_int8=columns_int8.copy(),
        fixed_columns=columns.copy(),
        board_columns=columns.copy(),
        host_inputs=inputs.copy(),
        board_inputs=inputs.copy(),
        keras_outputs=outputs.copy(),
        dense_outputs=outputs.copy(),
        tflm_dense_outputs=outputs.copy(),
        tflm_sparse_outputs=outputs.copy(),
        board_outputs=outputs.copy(),
        host_detections=detections,
        board_detections=detections,
        console_detections=detections,
    )


def changed(stages, name, place, delta):
    values = getattr(stages, name).copy()
    values[place] += delta
    return dataclasses.replace(stages, **{name: values})


def test_equal_stages_hold(stages):
    report = compare(stages)
    assert report.first_failure is None
    assert [c.verdict for c in report.comparisons] == ["same"] * 9
    assert report.to_dict()["same"]


@pytest.mark.parametrize(
    ("name", "place", "delta", "first", "second", "where"),
    [
        ("float_columns", (5, 3), 2, "float features", "fixed features (host)", "column 5, coefficient 3"),
        ("board_columns", (6, 9), 1, "fixed features (host)", "virtual board", "column 6, coefficient 9"),
        (
            "board_inputs",
            (1, 2, 3),
            1,
            "fixed features (host)",
            "virtual board",
            "inference 1, column 2, coefficient 3",
        ),
        ("tflm_dense_outputs", (2, 1), 4, "dense .tflite (tf.lite)", "host TFLM dense", "inference 2, class 1 (no)"),
        ("tflm_sparse_outputs", (0, 0), 1, "host TFLM dense", "host TFLM sparse", "inference 0, class 0 (yes)"),
        ("board_outputs", (1, 2), -3, "host TFLM sparse", "virtual board", "inference 1, class 2 (_silence_)"),
    ],
)
def test_names_the_first_stage_that_differs(stages, name, place, delta, first, second, where):
    report = compare(changed(stages, name, place, delta))
    failure = report.first_failure
    assert (failure.first, failure.second, failure.largest) == (first, second, abs(delta))
    assert failure.where.startswith(where)
    assert second in report.verdict
    assert not report.to_dict()["same"]


def test_float_features_may_differ_by_one_step(stages):
    report = compare(changed(stages, "float_columns", slice(None), 1))
    assert report.first_failure is None
    assert report.comparisons[0].largest == 1


def test_keras_may_differ_and_is_reported(stages):
    report = compare(changed(stages, "keras_outputs", (0, 0), 5))
    assert report.first_failure is None
    keras = next(c for c in report.comparisons if c.first == "Keras")
    assert (keras.verdict, keras.largest, keras.differing) == ("reported", 5, 1)


def test_the_known_rounding_of_a_foreign_model_is_reported_with_a_note(stages):
    different = changed(stages, "tflm_dense_outputs", (0, 0), 3)
    different = changed(different, "tflm_sparse_outputs", (0, 0), 3)
    different = changed(different, "board_outputs", (0, 0), 3)
    assert compare(different).first_failure.second == "host TFLM dense"
    report = compare(dataclasses.replace(different, rounding_only=True))
    assert report.first_failure is None
    assert "FULLY_CONNECTED" in report.notes[0]


def test_lost_hops_are_a_note_and_stay_a_difference(stages):
    late = dataclasses.replace(changed(stages, "board_columns", (9, 0), 5), lost_hops=3)
    report = compare(late)
    assert report.first_failure.what == "features"
    assert "lost 3 hops" in report.to_dict()["notes"][0]


def test_the_earliest_of_two_differences_is_named(stages):
    both = changed(changed(stages, "board_outputs", (0, 0), 1), "board_columns", (3, 3), 1)
    assert compare(both).first_failure.what == "features"


@pytest.mark.parametrize(
    ("name", "value", "where"),
    [
        ("board_detections", (("yes", 912, 16000), ("no", 750, 48000)), "detection 0: 'yes' 0.913"),
        ("board_detections", (("yes", 913, 16000),), "detection 1: 'no' 0.750 at sample 48000 and none"),
        ("console_detections", (("yes", 913, 16000), ("go", 750, 48000)), "detection 1"),
    ],
)
def test_detections_that_differ(stages, name, value, where):
    failure = compare(dataclasses.replace(stages, **{name: value})).first_failure
    assert failure.what == "detections"
    assert failure.where.startswith(where)


def test_a_board_that_stops_early_is_a_difference(stages):
    failure = compare(dataclasses.replace(stages, board_columns=stages.board_columns[:15])).first_failure
    assert failure.where == "column 15: missing, 20 and 15 in all"
    assert failure.differing == 50


def test_an_absent_stage_is_bridged_and_named(stages):
    without = dataclasses.replace(
        stages, keras_outputs=None, tflm_dense_outputs=None, absent={"Keras": "no Keras model given"}
    )
    report = compare(changed(without, "tflm_sparse_outputs", (0, 0), 1))
    assert (report.first_failure.first, report.first_failure.second) == ("dense .tflite (tf.lite)", "host TFLM sparse")
    assert report.absent == {"Keras": "no Keras model given"}


def test_shapes_that_differ_are_no_crash(stages):
    failure = compare(dataclasses.replace(stages, board_outputs=np.zeros((3, 4), np.int8))).first_failure
    assert failure.where == "shape: [3, 3] and [3, 4]"
