"""Trains and measures the runs of a plan, each where it was interrupted, float stages once a width and seed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kws_tflm.config import Config
from kws_tflm.sweep.measure import SweepData, keep_row, kept_row, measure_run
from kws_tflm.sweep.plan import Point
from kws_tflm.sweep.result import Row
from kws_tflm.train import RunFolder, train_run
from kws_tflm.train.adopt import adopt_phases

Measure = Callable[[Path, Point, dict[str, Any], SweepData], Row]
Say = Callable[[str], None]


def run_sweep(
    points: Sequence[Point],
    folder: Path,
    open_data: Callable[[Config], SweepData],
    *,
    measure: Measure = measure_run,
    measure_again: bool = False,
    say: Say | None = None,
    done: Callable[[list[Row]], None] = lambda rows: None,
) -> list[Row]:
    """Rows of all `points`, in their order.

    What is finished in `folder` is kept; an interrupted run goes on after its last whole epoch.

    Args:
        points: from `make_plan`.
        folder: where the run folders are.
        open_data: the data of a seed; asked only where something is to be trained or measured.
        measure: what is done with a run that is trained.
        measure_again: evaluate and profile what is trained already once more.
        say: takes progress lines; None: standard error, with a bar while it trains if that is a terminal.
        done: told after each run what there is so far.

    Raises:
        KwsError: whatever training, conversion and profile raise; what is finished stays.
    """
    tell = say or _on_stderr
    data: dict[int, SweepData] = {}
    donors: dict[tuple[int, int], Path] = {}
    rows: list[Row] = []
    for number, point in enumerate(points, 1):
        config, run = point.config, folder / point.folder
        heading = f"[{number}/{len(points)}] {point.title}"
        row = None if measure_again else kept_row(run, point)
        if row is not None:
            tell(f"{heading}: done before")
        else:
            tell(heading)
            if config.data_seed not in data:
                data[config.data_seed] = open_data(config)
            row = _train_and_measure(point, run, data[config.data_seed], donors.get(_sharing(point)), measure, say)
        donors.setdefault(_sharing(point), run)
        tell(f"{heading}: int8 {row.accuracy['int8']['test']:.2%} on test, {row.cycles / 1e6:.3f} M cycles (modelled)")
        rows.append(row)
        done(rows)
    return rows


def _on_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _sharing(point: Point) -> tuple[int, int]:
    """Runs for which this is the same have the same float stage."""
    return point.config.seed, point.filters


def _train_and_measure(
    point: Point, run: Path, data: SweepData, donor: Path | None, measure: Measure, say: Say | None
) -> Row:
    from kws_tflm._tf import keras

    keras.backend.clear_session()  # graphs of the run before; they add up
    if donor is not None:
        for name in adopt_phases(RunFolder(run, point.config), donor):
            (say or _on_stderr)(f"{name}: taken from {donor.name}")
    report = train_run(point.config, run, data.source, say=say)
    (say or _on_stderr)("converting, evaluating, profiling")
    row = measure(run, point, report, data)
    keep_row(run, row)
    return row
