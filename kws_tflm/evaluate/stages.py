"""What can be evaluated, and how: the stages of a run or one `.tflite`, each on the runner that suits it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_tflm import config as configuration
from kws_tflm.config import Config
from kws_tflm.convert import mlperf_tiny, read_metadata
from kws_tflm.errors import ModelError
from kws_tflm.evaluate.evaluation import Evaluation, evaluation_of
from kws_tflm.evaluate.recordings import Clips
from kws_tflm.evaluate.runners import (
    Int8Model,
    Outputs,
    host_outputs,
    keras_scores,
    read_int8_model,
    require_builtin,
    tflite_outputs,
)

RUNNERS = ("host", "tflite", "board", "keras")
KERAS_STAGES = ("float", "pruned", "qat")
DENSE, SPARSE = "dense.tflite", "sparse.tflite"

Scores = Callable[[Clips], tuple[npt.NDArray[Any], int | None]]
"""Clips -> (scores [n, classes], outputs that differ from the host's, or None when nothing was compared)."""


@dataclass(frozen=True)
class Subject:
    """A run folder or a model, and what its outputs mean."""

    path: Path
    is_run: bool
    config: Config | None
    """None: a foreign model with the front end of the MLPerf Tiny reference."""
    labels: tuple[str, ...]


@dataclass(frozen=True)
class StageResult:
    """One stage on one runner."""

    name: str
    runner: str
    evaluation: Evaluation
    seconds: float
    differing: int | None
    """On the board: clips whose output is not the host's, byte for byte."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form."""
        compared = {} if self.differing is None else {"differs_from_host": self.differing}
        return {"runner": self.runner, **self.evaluation.to_dict(), **compared, "seconds": round(self.seconds, 2)}


def read_subject(path: Path, config_file: str | Path | None = None, runner: str | None = None) -> Subject:
    """What is at `path`, checked so far as it can be without recordings.

    Raises:
        ModelError: not a usable model; a foreign one of which nothing says how its features are made; a runner
            that it has no stage for.
        MismatchError: `config_file` is not the configuration that made it.
    """
    from kws_tflm.train import open_run

    asked = None if config_file is None else configuration.load(config_file)
    if path.is_dir():
        inside = open_run(path).config
        _same(asked, inside, path)
        return Subject(path, True, inside, inside.labels)
    subject = _model_subject(path, asked)
    if runner == "tflite":
        require_builtin(read_int8_model(path))
    list(_stages(subject, runner))
    return subject


def evaluate_stages(
    subject: Subject, clips: Clips, runner: str | None = None, out_dir: Path | None = None
) -> tuple[StageResult, ...]:
    """Every stage of `subject` that `runner` can compute; the one to deploy is last.

    Args:
        subject: as `read_subject` gave it.
        clips: its labelled features.
        runner: one of `RUNNERS`; None: of a run all stages on Keras, tf.lite and the host, of a model the host.
        out_dir: build folder of the board's image, default `build/firmware` in the project.

    Raises:
        DataError: there is not one clip.
        ModelError: a run that has no stage for `runner`.
        ModelError, BoardError, FirmwareError, ToolMissingError: as the runners do.
    """
    stages = list(_stages(subject, runner, out_dir))
    if not stages:
        wanted = "no trained or converted model" if runner is None else f"nothing for the runner '{runner}'"
        raise ModelError(f"{subject.path}: has {wanted}; train and convert it ('kws-tflm convert'), or choose another")
    results = []
    for name, where, compute in stages:
        begin = time.monotonic()
        scores, differing = compute(clips)
        evaluation = evaluation_of(scores, clips.classes, subject.labels)
        results.append(StageResult(name, where, evaluation, time.monotonic() - begin, differing))
    return tuple(results)


def int8_stage(model: Int8Model, runner: str, out_dir: Path | None = None) -> Scores:
    """Scores of an int8 model by ``host``, ``tflite`` or ``board``; the last is compared with the host."""

    def compute(clips: Clips) -> tuple[npt.NDArray[Any], int | None]:
        inputs = clips.quantized(model.input_scale, model.input_zero_point)
        outputs = _runner(model, runner, out_dir)(inputs)
        differing = None
        if runner == "board":
            differing = int(np.sum(np.any(outputs != host_outputs(model)(inputs), axis=1)))
        return model.scores(outputs), differing

    return compute


def _runner(model: Int8Model, runner: str, out_dir: Path | None) -> Outputs:
    if runner == "board":
        from kws_tflm.evaluate.board import board_outputs

        return board_outputs(model, out_dir=out_dir)
    return host_outputs(model) if runner == "host" else tflite_outputs(model)


def _stages(subject: Subject, runner: str | None, out_dir: Path | None = None) -> Iterator[tuple[str, str, Scores]]:
    """Name, runner and computation of each stage."""
    path = subject.path
    if not subject.is_run:
        if runner == "keras":
            raise ModelError(f"{path}: is no run folder, and only a run has Keras models; choose another runner")
        where = runner or "host"
        yield path.name, where, int8_stage(read_int8_model(path), where, out_dir)
        return
    if runner in (None, "keras"):
        yield from _keras_stages(path)
    dense, sparse = path / DENSE, path / SPARSE
    if runner == "board":
        if sparse.is_file() or dense.is_file():
            deployed = sparse if sparse.is_file() else dense
            name = "int8 sparse" if deployed == sparse else "int8 dense"
            yield name, "board", int8_stage(read_int8_model(deployed), "board", out_dir)
        return
    if runner != "keras" and dense.is_file():
        where = runner or "tflite"
        yield "int8 dense", where, int8_stage(read_int8_model(dense), where)
    if runner in (None, "host") and sparse.is_file():
        yield "int8 sparse", "host", int8_stage(read_int8_model(sparse), "host")


def _keras_stages(path: Path) -> Iterator[tuple[str, str, Scores]]:
    from kws_tflm.train import load_model, open_run

    def stage_scores(stage: str) -> Scores:
        return lambda clips: (keras_scores(load_model(path, stage))(clips.features), None)

    folder = open_run(path)
    for stage in KERAS_STAGES:
        if folder.has_stage(stage):
            yield stage, "keras", stage_scores(stage)


def _model_subject(path: Path, asked: Config | None) -> Subject:
    model = read_int8_model(path)
    metadata = read_metadata(model.data, str(path))
    if metadata is not None:
        _same(asked, metadata.config, path)
        config: Config | None = metadata.config
    else:
        config = asked
    if config is None:
        if (model.values, model.classes) != (int(np.prod(mlperf_tiny.INPUT_SHAPE)), len(mlperf_tiny.LABELS)):
            raise ModelError(f"{path}: carries no configuration; name its experiment file with --config")
        return Subject(path, False, None, mlperf_tiny.LABELS)
    wanted = config.features.n_frames * config.features.n_features
    if model.values != wanted or model.classes != len(config.labels):
        raise ModelError(
            f"{path}: takes {model.values} values and has {model.classes} classes, the configuration makes {wanted} "
            f"and names {len(config.labels)}; give the experiment file of this model"
        )
    return Subject(path, False, config, config.labels)


def _same(asked: Config | None, inside: Config, path: Path) -> None:
    if asked is not None:
        configuration.require_same(asked.hash, inside.hash, "this artefact", path)
