"""What a trained run is worth: int8 accuracy, modelled cycles, bytes. Kept beside the run, for the next time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_tflm.convert import convert_run
from kws_tflm.convert.run import SPARSE
from kws_tflm.evaluate.accuracy import evaluate_tflm
from kws_tflm.profile import ModelProfile, profile_model
from kws_tflm.sweep.plan import Point
from kws_tflm.sweep.result import Row, read_row
from kws_tflm.train.source import FeatureSource
from kws_tflm.train.storage import write_json

POINT = "point.json"
SPLITS = ("validation", "test")


@dataclass(frozen=True)
class SweepData:
    """What the runs of one seed are trained, calibrated and judged on."""

    source: FeatureSource
    calibration: npt.NDArray[np.int16]
    """Q7.8 features of training clips."""


Profiler = Callable[[Path], ModelProfile]
"""Profile of one inference of the model in a file."""


def kept_row(run: Path, point: Point) -> Row | None:
    """The row of an earlier measurement, if it is of the model that is there."""
    try:
        stored = json.loads((run / POINT).read_text(encoding="utf-8"))
        row = read_row(stored["row"])
        return row if stored["sha256"] == _digest(run) and row.config == point.config.hash else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep_row(run: Path, row: Row) -> None:
    """For `kept_row`."""
    write_json(run / POINT, {"sha256": _digest(run), "row": asdict(row)})


def _digest(run: Path) -> str:
    return hashlib.sha256((run / SPARSE).read_bytes()).hexdigest()


def measure_run(
    run: Path,
    point: Point,
    report: dict[str, Any],
    data: SweepData,
    profile: Profiler = profile_model,
) -> Row:
    """Convert the run, evaluate what is deployed on validation and test, profile it.

    Args:
        run: folder of a run that is trained to its end.
        point: which one.
        report: what training reported.
        data: features of both splits, and of training clips for the converter.
        profile: how cycles are counted.

    Raises:
        ModelError, ParityError: as the conversion does. FirmwareError, ToolMissingError, BoardError: as the profile.
    """
    config = point.config
    sparse = convert_run(run, data.calibration).sparse
    accuracy = {
        stage: {split: float(values[split]["accuracy"]) for split in SPLITS}
        for stage, values in report["stages"].items()
    }
    accuracy["int8"] = {
        split: evaluate_tflm(sparse, *data.source.evaluation(split), config.labels).accuracy for split in SPLITS
    }
    profiled = profile(run / SPARSE)
    last = list(report["stages"].values())[-1]
    weights = sum(layer["weights"] for layer in last["sparsity"])
    zeros = sum(layer["weights"] * layer["sparsity"] for layer in last["sparsity"]) / max(weights, 1)
    return Row(
        run=run.name,
        config=config.hash,
        seed=config.seed,
        filters=point.filters,
        shape=point.shape,
        sparsity=point.sparsity,
        zeros=round(zeros, 5),
        accuracy={stage: {s: round(a, 6) for s, a in values.items()} for stage, values in accuracy.items()},
        parameters=int(report["parameters"]),
        cycles=profiled.total.cycles,
        instructions=profiled.total.instructions,
        model_bytes=len(sparse),
        arena_bytes=profiled.memory.arena_bytes,
        flash_bytes=profiled.memory.flash_bytes,
        epochs=sum(stage["epochs"] for stage in report["stages"].values()),
        seconds=round(sum(stage["seconds"] for stage in report["stages"].values()), 1),
    )
