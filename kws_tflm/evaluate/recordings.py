"""Recordings in a folder with one sub-folder a class, and what a model's front end makes of them."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_tflm.config import Config
from kws_tflm.errors import DataError

Int16 = npt.NDArray[np.int16]
Indices = npt.NDArray[np.int64]
_CHUNK = 256
"""Recordings in memory at a time."""


@dataclass(frozen=True, eq=False)
class Recordings:
    """Files and their classes."""

    files: tuple[Path, ...]
    classes: Indices
    """[n] indices in model-output order."""

    def some(self, limit: int | None) -> Recordings:
        """At most `limit` of them, taken evenly, so that every class keeps its share.

        Raises:
            DataError: `limit` is not positive.
        """
        chosen = evenly(len(self.files), limit)
        return Recordings(tuple(self.files[i] for i in chosen), self.classes[chosen])


@dataclass(frozen=True, eq=False)
class Clips:
    """Labelled model inputs before quantisation."""

    features: npt.NDArray[Any]
    """[n, n_frames, n_features]: int16 Q7.8 of the firmware's front end, or float of a foreign one."""
    classes: Indices
    source: str
    """Which front end, for people."""

    def quantized(self, scale: float, zero_point: int) -> npt.NDArray[np.int8]:
        """int8 inputs [n, values]: fixed-point features as the firmware quantises them, others rounded to nearest."""
        from kws_tflm.features.quantize import input_quantization, quantize_features

        if self.features.dtype == np.int16:
            values = quantize_features(self.features, *input_quantization(scale, zero_point))
        else:
            values = (np.rint(self.features / scale) + zero_point).clip(-128, 127).astype(np.int8)
        return values.reshape(len(values), -1)

    def some(self, limit: int | None) -> Clips:
        """As `Recordings.some`."""
        chosen = evenly(len(self.classes), limit)
        return Clips(np.asarray(self.features[chosen]), self.classes[chosen], self.source)


def evenly(count: int, limit: int | None) -> Indices:
    """At most `limit` of `count` indices, evenly spread.

    Raises:
        DataError: `limit` is not positive.
    """
    if limit is None or limit >= count:
        return np.arange(count)
    if limit < 1:
        raise DataError(f"--limit {limit}: nothing would be left; give 1 or more clips")
    return np.asarray(np.arange(limit) * count // limit, np.int64)


def class_folders(folder: Path, labels: Sequence[str]) -> Recordings:
    """The recordings below `folder`, whose sub-folders are named as the classes (`silence` stands for `_silence_`).

    Raises:
        DataError: no such folder, a sub-folder that is no class, or one without a recording.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; give one with a sub-folder of wav files for each class")
    names = {name: index for index, label in enumerate(labels) for name in (label, label.strip("_"))}
    files: list[Path] = []
    classes: list[int] = []
    for entry in sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")):
        if entry.name not in names:
            near = difflib.get_close_matches(entry.name, labels, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else "; rename or remove it"
            raise DataError(f"{entry}: '{entry.name}' is no class of this model ({', '.join(labels)}){hint}")
        found = sorted(path for path in entry.iterdir() if path.suffix.lower() == ".wav")
        if not found:
            raise DataError(f"{entry}: class '{entry.name}' has no wav file; add some or remove the folder")
        files += found
        classes += [names[entry.name]] * len(found)
    if not files:
        raise DataError(f"{folder}: no class folder in it; expected sub-folders like '{labels[0]}'")
    return Recordings(tuple(files), np.array(classes, np.int64))


def folder_features(folder: Path, config: Config) -> tuple[Int16, Indices]:
    """Fixed-point features and classes of the recordings below `folder`; see `firmware_clips`."""
    clips = firmware_clips(class_folders(folder, config.labels), config)
    return clips.features, clips.classes


def firmware_clips(recordings: Recordings, config: Config) -> Clips:
    """What the firmware's front end makes of `recordings`, cut or zero-padded as in training.

    Raises:
        AudioError: a file that is not 16 kHz mono 16-bit wav, or shorter than a window.
    """
    from kws_tflm.data import read_wav
    from kws_tflm.data.features import model_input_samples
    from kws_tflm.runtime import FeatureExtractor

    settings = config.features
    extractor = FeatureExtractor(settings)

    def columns(files: Sequence[Path]) -> Int16:
        samples = np.zeros((len(files), settings.clip_samples), np.int16)
        for row, path in zip(samples, files, strict=True):
            recording = read_wav(path, min_samples=settings.window_length)
            row[:] = model_input_samples(recording[np.newaxis], settings)[0]
        return extractor.batch(samples)

    shape = (settings.n_frames, settings.n_features)
    features = _in_chunks(recordings.files, columns, np.empty((len(recordings.files), *shape), np.int16))
    return Clips(features, recordings.classes, f"the firmware's front end, configuration {config.hash}")


def mlperf_tiny_clips(recordings: Recordings) -> Clips:
    """What the front end of the MLPerf Tiny keyword-spotting reference makes of `recordings`; errors as above."""
    from kws_tflm.convert import mlperf_tiny
    from kws_tflm.data import read_wav

    def columns(files: Sequence[Path]) -> npt.NDArray[np.float64]:
        return np.stack([mlperf_tiny.features(read_wav(path)) for path in files])

    shape = mlperf_tiny.INPUT_SHAPE[1:3]
    features = _in_chunks(recordings.files, columns, np.empty((len(recordings.files), *shape)))
    return Clips(features, recordings.classes, "the front end of the MLPerf Tiny reference, in float")


def _in_chunks(
    files: Sequence[Path], work: Callable[[Sequence[Path]], npt.NDArray[Any]], out: npt.NDArray[Any]
) -> npt.NDArray[Any]:
    """`out` filled with what `work` makes of `files`, some at a time, with a progress bar."""
    from tqdm import tqdm

    with tqdm(total=len(files), desc="features", unit="clip", disable=None, leave=False) as bar:
        for start, part in _chunks(files):
            out[start : start + len(part)] = work(part)
            bar.update(len(part))
    return out


def _chunks(files: Sequence[Path]) -> Iterator[tuple[int, Sequence[Path]]]:
    for start in range(0, len(files), _CHUNK):
        yield start, files[start : start + _CHUNK]
