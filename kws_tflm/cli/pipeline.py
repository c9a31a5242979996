"""The steps that verbs and the demo share, from a data set object to artefacts in a run folder."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kws_tflm.cli.artefacts import RunFolder
from kws_tflm.config import Config
from kws_tflm.errors import DataError

if TYPE_CHECKING:
    from kws_tflm.data import Dataset

CALIBRATION_CLIPS = 256
CONVERT_REPORT = "convert.json"


def train(
    config: Config,
    dataset: Dataset,
    run_dir: Path,
    cache_dir: Path,
    config_text: str | None,
    tensorboard: bool = False,
    donor: Path | None = None,
) -> dict[str, Any]:
    """Train what `run_dir` lacks; returns its report. `donor`: a run to take equal phases from."""
    from kws_tflm.train import train_run
    from kws_tflm.train.dataset_source import DatasetSource

    source = DatasetSource(dataset, config, cache_dir)
    return train_run(config, run_dir, source, config_text=config_text, tensorboard=tensorboard, donor=donor)


def convert(
    run: RunFolder, dataset: Dataset, cache_dir: Path, objective: str | None = None, fuse: bool = False
) -> dict[str, Any]:
    """Convert a trained run, calibrated and verified on training clips; returns what convert.json holds.

    `objective`: None: as the experiment says.

    Raises:
        ModelError: the run has no QAT stage. ParityError: the converted models do not agree byte for byte.
    """
    from kws_tflm.convert import convert_run
    from kws_tflm.data import plain_features

    config = run.config()
    features = plain_features(dataset.split("train"), config, cache_dir)
    chosen = np.sort(np.random.default_rng(config.seed).permutation(len(features))[:CALIBRATION_CLIPS])
    return convert_run(run.path, np.asarray(features[chosen]), objective or config.convert.objective, fuse).report()


def is_converted(run: RunFolder) -> bool:
    """The run's models are there, are what its convert.json describes, and carry the run's present configuration."""
    from kws_tflm.convert import read_metadata

    try:
        report = json.loads((run.path / CONVERT_REPORT).read_text(encoding="utf-8"))
        return bool(
            digest(run.dense.read_bytes()) == report["dense"]["sha256"]
            and digest(run.sparse.read_bytes()) == report["sparse"]["sha256"]
            and (metadata := read_metadata(run.sparse.read_bytes(), str(run.sparse))) is not None
            and metadata.config == run.config()
        )
    except (OSError, ValueError, KeyError):
        return False


def stage_accuracies(run: RunFolder, dataset: Dataset, cache_dir: Path) -> dict[str, float]:
    """Accuracy on the test split: Keras stages from the report of training, int8 and sparse measured."""
    from kws_tflm.data import plain_features
    from kws_tflm.evaluate.accuracy import evaluate_tflite, evaluate_tflm

    config = run.config()
    try:
        report = json.loads((run.path / "report.json").read_text(encoding="utf-8"))
        result = {name: float(stage["test"]["accuracy"]) for name, stage in report["stages"].items()}
    except (OSError, ValueError, KeyError, TypeError):
        raise DataError(f"{run.path}: its report.json is missing or damaged; train again to write it") from None
    split = dataset.split("test")
    features = plain_features(split, config, cache_dir)
    for name, evaluate, path in (("int8", evaluate_tflite, run.dense), ("sparse", evaluate_tflm, run.sparse)):
        result[name] = evaluate(path.read_bytes(), features, split.labels, config.labels).accuracy
    return result


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
