"""`report.json`: what a run reached and what made it."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kws_tflm.compress import layer_sparsity
from kws_tflm.evaluate.accuracy import evaluate_keras
from kws_tflm.train.source import FeatureSource

if TYPE_CHECKING:
    from kws_tflm.train.run_folder import RunFolder

_PACKAGES = ("kws-tflm", "tensorflow", "tf_keras", "tensorflow-model-optimization", "numpy")


def make_report(
    folder: RunFolder, source: FeatureSource, models: dict[str, Any], teachers: Any = None
) -> dict[str, Any]:
    """Accuracy of each stage in `models`, and of `teachers`, on validation and test, sparsity by layer, provenance."""
    config = folder.config
    splits = {name: source.evaluation(name) for name in ("validation", "test")}
    train = source.train(0)
    stages: dict[str, Any] = {}
    for name, model in models.items():
        accuracies = {split: evaluate_keras(model, *data, config.labels).to_dict() for split, data in splits.items()}
        meta = folder.load_stage(name).meta
        rows = [row for row in meta["rows"] if row["phase"] == name]
        stages[name] = {
            **accuracies,
            "sparsity": layer_sparsity(model, config.prune),
            "epochs": len(rows),
            "seconds": round(sum(row["seconds"] for row in rows), 1),
        }
    taught = {}
    if teachers is not None:
        by_split = {split: evaluate_keras(teachers, *data, config.labels).to_dict() for split, data in splits.items()}
        taught = {"teachers": {**by_split, "parameters": int(teachers.count_params())}}
    return {
        "name": config.name,
        "hash": config.hash,
        "seed": config.seed,
        "labels": list(config.labels),
        "parameters": int(next(iter(models.values())).count_params()),
        "clips": {
            "train": _counts(train.labels, config.labels),
            **{split: _counts(data.labels, config.labels) for split, data in splits.items()},
        },
        "stages": stages,
        **taught,
        "block_shape": list(config.prune.block_shape),
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in _PACKAGES}},
        "machine": {"system": platform.platform(), "cores": len(os.sched_getaffinity(0))},
        "git": git_state(Path(__file__).parent),
    }


def git_state(folder: Path) -> dict[str, Any] | None:
    """Commit and whether the tree differs from it; None outside a git checkout or without git."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(folder), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=20).stdout.strip()

    try:
        return {"commit": git("rev-parse", "HEAD"), "modified": bool(git("status", "--porcelain", "-uno"))}
    except (OSError, subprocess.SubprocessError):
        return None


def _counts(labels: Any, names: tuple[str, ...]) -> dict[str, int]:
    counts = np.bincount(labels, minlength=len(names))
    return {name: int(count) for name, count in zip(names, counts, strict=True)}


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
