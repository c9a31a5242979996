"""Accuracy of a model on labelled features: Keras float, dense int8 in `tf.lite`, sparse int8 in host TFLM."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_tflm.config import Config
from kws_tflm.errors import DataError
from kws_tflm.evaluate.recordings import Clips, folder_features
from kws_tflm.evaluate.runners import Int8Model, Outputs, host_outputs, int8_model, keras_scores, tflite_outputs

__all__ = [
    "Accuracy",
    "accuracy_of",
    "evaluate_folder",
    "evaluate_keras",
    "evaluate_tflite",
    "evaluate_tflm",
    "folder_features",
]

Int16 = npt.NDArray[np.int16]
Indices = npt.NDArray[np.int64]
Predict = Callable[[Int16], Indices]
"""int16 Q7.8 features [n, n_frames, n_features] -> predicted class indices [n]."""


@dataclass(frozen=True)
class Accuracy:
    """Result of an evaluation; classes in model-output order."""

    labels: tuple[str, ...]
    clips: int
    correct: int
    accuracy: float
    per_class: dict[str, float | None]
    """Recall of each class; None where the data has no clip of it."""
    confusion: tuple[tuple[int, ...], ...]
    """Clips by [true class][predicted class]."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form: what reading it back from JSON gives."""
        return asdict(self) | {"labels": list(self.labels), "confusion": [list(row) for row in self.confusion]}


def accuracy_of(predicted: npt.ArrayLike, expected: npt.ArrayLike, labels: Sequence[str]) -> Accuracy:
    """Compare class indices.

    Raises:
        DataError: there is not one clip.
    """
    true, guess = np.asarray(expected, np.int64), np.asarray(predicted, np.int64)
    if len(true) == 0:
        raise DataError("there is no clip to evaluate; check the data folder")
    n = len(labels)
    confusion = np.bincount(true * n + guess, minlength=n * n).reshape(n, n)
    counts = confusion.sum(axis=1)
    recall = [float(confusion[i, i] / counts[i]) if counts[i] else None for i in range(n)]
    correct = int(np.trace(confusion))
    return Accuracy(
        labels=tuple(labels),
        clips=len(true),
        correct=correct,
        accuracy=correct / len(true),
        per_class=dict(zip(labels, recall, strict=True)),
        confusion=tuple(tuple(int(v) for v in row) for row in confusion),
    )


def evaluate_keras(model: Any, features: Int16, expected: Indices, labels: Sequence[str]) -> Accuracy:
    """Accuracy of a Keras model on fixed-point features."""
    return accuracy_of(keras_scores(model)(features).argmax(axis=1), expected, labels)


def evaluate_tflite(model: bytes, features: Int16, expected: Indices, labels: Sequence[str]) -> Accuracy:
    """Accuracy of a dense int8 `.tflite` by `tf.lite`."""
    return _int8_accuracy(model, tflite_outputs, features, expected, labels)


def evaluate_tflm(model: bytes, features: Int16, expected: Indices, labels: Sequence[str]) -> Accuracy:
    """Accuracy of a dense or sparse int8 `.tflite` by host TFLM."""
    return _int8_accuracy(model, host_outputs, features, expected, labels)


def evaluate_folder(folder: Path, predict: Predict, config: Config) -> Accuracy:
    """Accuracy on wav files in a folder with one sub-folder a class.

    Clips are cut or zero-padded to the length and position that training used.

    Raises:
        DataError: no such folder, a sub-folder that is no class of the model, or an empty one.
        AudioError: a file that is not 16 kHz mono 16-bit wav.
    """
    features, expected = folder_features(folder, config)
    return accuracy_of(predict(features), expected, config.labels)


def _int8_accuracy(
    data: bytes, runner: Callable[[Int8Model], Outputs], features: Int16, expected: Indices, labels: Sequence[str]
) -> Accuracy:
    model = int8_model(data, Path("model"))
    inputs = Clips(features, expected, "").quantized(model.input_scale, model.input_zero_point)
    return accuracy_of(runner(model)(inputs).argmax(axis=1), expected, labels)
