"""Recordings as int8 inputs of a model: with labels, one sub-folder a class, to measure accuracy; or without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kws_tflm.config import Config
from kws_tflm.convert import mlperf_tiny
from kws_tflm.convert.inspection import TensorInfo, inspect
from kws_tflm.convert.metadata import read_metadata
from kws_tflm.convert.verification import model_inputs
from kws_tflm.errors import DataError, ModelError

Int8 = npt.NDArray[np.int8]
MLPERF_TINY = "the front end of the MLPerf Tiny reference"


@dataclass(frozen=True, eq=False)
class Labelled:
    """Clips as a model reads them."""

    inputs: Int8
    """[n, *input shape]"""
    classes: npt.NDArray[np.int64]
    """[n] indices in output order."""
    features: str
    """Where the features come from, for people."""


def load(folder: Path, model: bytes, config: Config | None, where: str = "model") -> Labelled:
    """The recordings below `folder` with the features of `config`, of the model's own configuration, or, where
    there is none and the model looks like it, of the MLPerf Tiny reference.

    Raises:
        DataError: no such folder, a sub-folder that is no class of the model, not one recording.
        ModelError: nothing says how to make features, or they do not fit the model.
    """
    config = _known_config(model, config, where)
    labels = mlperf_tiny.LABELS if config is None else config.labels
    files, classes = _class_files(folder, labels)
    source = MLPERF_TINY if config is None else f"features of '{config.name}'"
    return Labelled(_inputs(files, model, config, where), classes, source)


def load_some(folder: Path, count: int, model: bytes, config: Config | None, where: str = "model") -> Int8:
    """Inputs from at most `count` recordings anywhere below `folder`, taken evenly; raises as `load` does."""
    config = _known_config(model, config, where)
    files = sorted(folder.rglob("*.wav")) if folder.is_dir() else []
    if not files:
        raise DataError(f"{folder}: no such folder, or no wav file in it; give recordings")
    return _inputs(files[:: -(-len(files) // count)], model, config, where)


def _known_config(model: bytes, config: Config | None, where: str) -> Config | None:
    """What says how features are made; None: the MLPerf Tiny reference's."""
    metadata = read_metadata(model, where)
    config = config or (metadata.config if metadata else None)
    if config is None:
        info = inspect(model, where)
        shapes = info.inputs[0].shape, int(np.prod(info.outputs[0].shape))
        if shapes != (mlperf_tiny.INPUT_SHAPE, len(mlperf_tiny.LABELS)):
            raise ModelError(f"{where}: nothing says how its features are made; name its experiment file with --config")
    return config


def _inputs(files: Sequence[Path], model: bytes, config: Config | None, where: str) -> Int8:
    from kws_tflm.data import read_wav
    from kws_tflm.data.features import model_input_samples
    from kws_tflm.runtime import FeatureExtractor

    if config is None:
        source = inspect(model, where).inputs[0]
        return np.stack([_mlperf_input(path, source) for path in files])
    clips = np.zeros((len(files), config.features.clip_samples), np.int16)
    for row, path in zip(clips, files, strict=True):
        samples = read_wav(path, min_samples=config.features.window_length)
        row[:] = model_input_samples(samples[np.newaxis], config.features)[0]
    features = np.asarray(FeatureExtractor(config.features).batch(clips), np.int16)
    return model_inputs(model, features, where)


def accuracy(model: bytes, data: Labelled, where: str = "model") -> float:
    """Fraction of the clips whose highest score, by host TFLM, is that of their class."""
    from kws_tflm.runtime import Interpreter

    interpreter = Interpreter(model, where=where)
    guesses = [int(np.argmax(interpreter.invoke(values))) for values in data.inputs]
    return float(np.mean(np.array(guesses) == data.classes))


def _mlperf_input(path: Path, source: TensorInfo) -> Int8:
    from kws_tflm.data import read_wav

    values = mlperf_tiny.features(read_wav(path))
    quantized = np.rint(values / source.scale) + source.zero_point
    return quantized.clip(-128, 127).astype(np.int8).reshape(source.shape)


def _class_files(folder: Path, labels: Sequence[str]) -> tuple[list[Path], npt.NDArray[np.int64]]:
    """Recordings and their classes; `silence` stands for `_silence_`."""
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; give one with a sub-folder of wav files for each class")
    names = {name: index for index, label in enumerate(labels) for name in (label, label.strip("_"))}
    files: list[Path] = []
    classes: list[int] = []
    for entry in sorted(path for path in folder.iterdir() if path.is_dir()):
        if entry.name not in names:
            raise DataError(f"{entry}: '{entry.name}' is no class of this model ({', '.join(labels)})")
        found = sorted(entry.glob("*.wav"))
        files += found
        classes += [names[entry.name]] * len(found)
    if not files:
        raise DataError(f"{folder}: no recording in it; expected sub-folders of wav files like '{labels[0]}'")
    return files, np.array(classes, np.int64)
