from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kws_tflm.errors import DataError
from kws_tflm.evaluate.accuracy import accuracy_of, evaluate_folder
from kws_tflm.report.confusion import draw_confusion
from kws_tflm.report.curves import draw_curves

from .fakes import tiny_config


def test_counts_per_class_and_confusion() -> None:
    result = accuracy_of([0, 1, 1, 0], [0, 0, 1, 0], ("a", "b", "c"))
    assert result.accuracy == 0.75
    assert result.correct == 3
    assert result.per_class == {"a": 2 / 3, "b": 1.0, "c": None}
    assert result.confusion == ((2, 1, 0), (0, 1, 0), (0, 0, 0))
    assert json.loads(json.dumps(result.to_dict())) == result.to_dict()


def test_no_clips_is_an_error() -> None:
    with pytest.raises(DataError, match="no clip"):
        accuracy_of([], [], ("a", "b"))


def test_confusion_plot_is_a_png() -> None:
    assert draw_confusion(accuracy_of([0, 1], [0, 0], ("a", "b")), "test").startswith(b"\x89PNG")


def test_curves_take_one_epoch() -> None:
    row = {"phase": "float", "loss": 1, "val_loss": 1, "accuracy": 0.5, "val_accuracy": 0.5, "sparsity": 0, "best": 0}
    assert draw_curves([row], "one").startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("folders", "message"),
    [([], "no class folder"), (["yess"], "'yess' is no class"), (["yes"], "class 'yes' has no wav file")],
)
def test_bad_folders_are_named(tmp_path: Path, folders: list[str], message: str) -> None:
    for folder in folders:
        (tmp_path / folder).mkdir()
    with pytest.raises(DataError, match=message):
        evaluate_folder(tmp_path, lambda features: np.zeros(len(features), np.int64), tiny_config())


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        evaluate_folder(tmp_path / "none", lambda features: np.zeros(1, np.int64), tiny_config())
