"""Accuracy of a model on labelled features: Keras float, dense int8 in `tf.lite`, sparse int8 in host TFLM."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_tflm.config import Config
from kws_tflm.errors import DataError

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


def keras_predictor(model: Any) -> Predict:
    """Predictions of a Keras model (float or with fake quantisers)."""
    from kws_tflm.train.step import Scorer

    scorer = Scorer(model)
    return lambda features: scorer.scores(features).argmax(axis=1).astype(np.int64)


def tflite_predictor(model: bytes) -> Predict:
    """Predictions of a dense int8 `.tflite` by `tf.lite` with its reference kernels."""
    from kws_tflm._tf import native_stderr_hidden, tf

    with native_stderr_hidden():
        interpreter = tf.lite.Interpreter(
            model_content=model,
            experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_REF,
        )
        interpreter.allocate_tensors()
    model_input, output = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    scale, zero_point = model_input["quantization"]

    def invoke(quantized: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
        interpreter.set_tensor(model_input["index"], quantized)
        interpreter.invoke()
        result: npt.NDArray[np.int8] = interpreter.get_tensor(output["index"])
        return result

    return _int8_predictor(invoke, tuple(model_input["shape"]), float(scale), int(zero_point))


def tflm_predictor(model: bytes) -> Predict:
    """Predictions of any int8 `.tflite`, custom operators included, by host TFLM."""
    from kws_tflm.runtime import Interpreter

    interpreter = Interpreter(model)
    return _int8_predictor(
        interpreter.invoke, tuple(interpreter.input_shape), interpreter.input_scale, interpreter.input_zero_point
    )


def evaluate_keras(model: Any, features: Int16, expected: Indices, labels: Sequence[str]) -> Accuracy:
    """Accuracy of a Keras model on fixed-point features."""
    return accuracy_of(keras_predictor(model)(features), expected, labels)


def evaluate_tflite(model: bytes, features: Int16, expected: Indices, labels: Sequence[str]) -> Accuracy:
    """Accuracy of a dense int8 `.tflite` by `tf.lite`."""
    return accuracy_of(tflite_predictor(model)(features), expected, labels)


def evaluate_tflm(model: bytes, features: Int16, expected: Indices, labels: Sequence[str]) -> Accuracy:
    """Accuracy of a dense or sparse int8 `.tflite` by host TFLM."""
    return accuracy_of(tflm_predictor(model)(features), expected, labels)


def evaluate_folder(folder: Path, predict: Predict, config: Config) -> Accuracy:
    """Accuracy on wav files in a folder with one sub-folder a class.

    Clips are cut or zero-padded to the length and position that training used.

    Raises:
        DataError: no such folder, a sub-folder that is no class of the model, or an empty one.
        AudioError: a file that is not 16 kHz mono 16-bit wav.
    """
    features, expected = folder_features(folder, config)
    return accuracy_of(predict(features), expected, config.labels)


def folder_features(folder: Path, config: Config) -> tuple[Int16, Indices]:
    """Fixed-point features and labels of a folder with one sub-folder a class (see `evaluate_folder`)."""
    files, expected = _class_files(folder, config.labels)
    from kws_tflm.data import read_wav
    from kws_tflm.data.features import model_input_samples
    from kws_tflm.runtime import FeatureExtractor

    clips = np.zeros((len(files), config.features.clip_samples), np.int16)
    for row, path in zip(clips, files, strict=True):
        samples = read_wav(path, min_samples=config.features.window_length)
        row[:] = model_input_samples(samples[np.newaxis], config.features)[0]
    return np.asarray(FeatureExtractor(config.features).batch(clips), np.int16), expected


def draw_confusion(result: Accuracy, title: str) -> bytes:
    """PNG of the confusion matrix: rows true, columns predicted, counts in the cells."""
    from matplotlib.figure import Figure

    counts = np.array(result.confusion)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(7.5, 6.5), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    ticks = range(len(result.labels))
    axes.set_xticks(ticks, result.labels, rotation=60, ha="right")
    axes.set_yticks(ticks, result.labels)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    for i, j in np.argwhere(counts > 0):
        axes.text(j, i, str(counts[i, j]), ha="center", va="center", color="white" if share[i, j] > 0.5 else "black")
    figure.colorbar(image, label="share of the true class")
    axes.set_title(f"{title}: {result.accuracy:.2%} of {result.clips} clips")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()


def _class_files(folder: Path, labels: Sequence[str]) -> tuple[list[Path], Indices]:
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; give one with a sub-folder of wav files for each class")
    files: list[Path] = []
    expected: list[int] = []
    for entry in sorted(path for path in folder.iterdir() if path.is_dir()):
        if entry.name not in labels:
            raise DataError(
                f"{entry}: '{entry.name}' is no class of this model ({', '.join(labels)}); rename or remove it"
            )
        found = sorted(entry.glob("*.wav"))
        if not found:
            raise DataError(f"{entry}: class '{entry.name}' has no wav file; add some or remove the folder")
        files += found
        expected += [list(labels).index(entry.name)] * len(found)
    if not files:
        raise DataError(f"{folder}: no class folder in it; expected sub-folders like '{labels[0]}'")
    return files, np.array(expected, np.int64)


def _int8_predictor(
    invoke: Callable[[npt.NDArray[np.int8]], npt.NDArray[np.int8]],
    shape: tuple[int, ...],
    scale: float,
    zero_point: int,
) -> Predict:
    """Quantise as the firmware does, one clip an invocation."""
    from kws_tflm.features.quantize import input_quantization, quantize_features

    def predict(features: Int16) -> Indices:
        quantized = quantize_features(features, *input_quantization(scale, zero_point))
        return np.array([int(np.argmax(invoke(clip.reshape(shape)))) for clip in quantized], np.int64)

    return predict
