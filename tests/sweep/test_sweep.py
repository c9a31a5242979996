"""A sweep: which runs, what they share, going on after an interruption, and what comes out."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
import shutil
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kws_tflm.cli.main import main
from kws_tflm.config import Config
from kws_tflm.errors import ConfigError, DataError, KwsError
from kws_tflm.sweep import (
    Point,
    Row,
    Sweep,
    SweepData,
    check_points,
    make_plan,
    parse_shape,
    read_sweep,
    run_sweep,
)
from kws_tflm.sweep.measure import measure_run
from kws_tflm.sweep.report import write_files
from kws_tflm.train import open_run
from tests.train.fakes import FakeSource, tiny_config


def base() -> Config:
    """A network that trains in a second, quantised after training."""
    return tiny_config(
        features={"kind": "log_mel", "n_mels": 12},
        model={"name": "cnn_one_fstride4", "filters": 8},
        train={"epochs": 2},
        prune={"epochs": 2, "end_epoch": 1.0, "layers": ["conv0", "low_rank"]},
        qat={"enabled": False},
    )


def fake_profile(model: Path) -> Any:
    """As many cycles as the model has bytes."""
    size = model.stat().st_size
    memory = SimpleNamespace(arena_bytes=1000, flash_bytes=size + 1, model_bytes=size)
    return SimpleNamespace(total=SimpleNamespace(cycles=size, instructions=size // 2), memory=memory)


def measure(run: Path, point: Point, report: dict[str, Any], data: SweepData) -> Row:
    """The real thing, but for the virtual board."""
    return measure_run(run, point, report, data, fake_profile)


def guess(run: Path, point: Point, report: dict[str, Any], data: SweepData) -> Row:
    """A row without conversion."""
    (run / "sparse.tflite").write_bytes(run.name.encode())
    loss = json.loads((run / "report.json").read_text())["stages"]["pruned"]["test"]
    found = row(point.filters, point.shape, point.sparsity, loss["accuracy"], len(run.name))
    return dataclasses.replace(found, run=run.name, config=point.config.hash)


class Laboratory:
    """Runs sweeps and remembers what was said and opened."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self.opened = 0

    def run(self, points: list[Point], say: Any = None, **options: Any) -> list[Row]:
        return run_sweep(points, self.folder, self._data, say=say or self.lines.append, **options)

    def epochs(self) -> Counter[str]:
        """Trained epochs by phase."""
        return Counter(found[1] for line in self.lines if (found := re.match(r"(\w+) +\d+/\d+  loss", line)))

    def _data(self, config: Config) -> SweepData:
        self.opened += 1
        source = FakeSource(config)
        return SweepData(source, source.train(0).features[:8])


def plan(shapes: str, filters: tuple[int, ...], sparsities: tuple[float, ...] = (0.0, 0.75)) -> list[Point]:
    return make_plan(base(), [parse_shape(text) for text in shapes.split(",")], sparsities, filters, [3])


def test_a_dense_run_a_width_then_every_shape_and_sparsity() -> None:
    points = plan("1x4,row,2:4", (8, 12), (0.9, 0.0, 0.75))

    assert [(p.filters, p.shape, p.sparsity) for p in points[:6]] == [
        (8, "dense", 0.0), (8, "1x4", 0.75), (8, "1x4", 0.9), (8, "row", 0.75), (8, "row", 0.9), (8, "2:4", 0.5),
    ]  # fmt: skip
    assert len(points) == 12
    assert len({p.folder for p in points}) == 12
    assert [p.config.seed for p in make_plan(base(), [parse_shape("row")], [0.0, 0.5], [8], [1, 2])] == [1, 1, 2, 2]


def test_rows_say_what_was_reached_and_nothing_is_done_twice(tmp_path: Path) -> None:
    first, second = Laboratory(tmp_path), Laboratory(tmp_path)

    rows = first.run(plan("row", (8,)), measure=measure)
    again = second.run(plan("row", (8,)), measure=measure)

    assert [r.shape for r in rows] == ["dense", "row"]
    for found in rows:
        assert set(found.accuracy) == {"float", "pruned", "int8"}
        assert found.accuracy["int8"].keys() == {"validation", "test"}
        assert found.zeros == pytest.approx(found.sparsity, abs=0.05)
        assert found.cycles == found.model_bytes == (tmp_path / found.run / "sparse.tflite").stat().st_size
    assert again == rows
    assert second.opened == 0
    assert not second.epochs()


def test_float_stages_are_trained_once_a_width(tmp_path: Path) -> None:
    laboratory = Laboratory(tmp_path)

    rows = laboratory.run(plan("1x4", (8, 12)), measure=guess)

    assert laboratory.epochs() == {"float": 2 * 2, "pruned": 4 * 2}
    assert laboratory.opened == 1
    for width in (8, 12):
        first, second = [open_run(tmp_path / r.run).load_stage("float").weights for r in rows if r.filters == width]
        assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_interrupted_it_goes_on_at_the_epoch_and_ends_with_the_same_rows(tmp_path: Path) -> None:
    whole, first, second = Laboratory(tmp_path / "whole"), Laboratory(tmp_path / "cut"), Laboratory(tmp_path / "cut")
    expected = whole.run(plan("1x4", (8,)), measure=guess)
    shutil.copytree(whole.folder / expected[0].run, first.folder / expected[0].run)
    kept: list[int] = []

    def stop(line: str) -> None:
        if line.startswith("pruned   1/2"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        first.run(plan("1x4", (8,)), say=stop, measure=guess, done=lambda rows: kept.append(len(rows)))
    rows = second.run(plan("1x4", (8,)), measure=guess)

    assert kept == [1]
    assert "pruned: going on after epoch 1" in second.lines
    assert second.epochs() == {"pruned": 1}
    assert rows == expected


def row(
    filters: int, shape: str, sparsity: float, accuracy: float, cycles: int, seed: int = 1, config: str = "0"
) -> Row:
    both = {"validation": accuracy, "test": accuracy}
    accuracies = {"float": both, "int8": both}
    run = f"{filters}{shape}{sparsity}-{seed}"
    return Row(run, "0" * 12, seed, filters, shape, sparsity, sparsity, accuracies, 1, cycles, 1, 1, 1, 1, 1, 1.0)


def sweep_of(*rows: Row) -> Sweep:
    return Sweep("s", "0" * 12, "recordings", {"test": 9}, {"command": "kws-tflm sweep", "date": "today"}, True, rows)


def test_the_front_is_what_nothing_else_beats() -> None:
    sweep = sweep_of(
        row(16, "dense", 0.0, 0.90, 100), row(32, "dense", 0.0, 0.93, 300), row(32, "1x4", 0.75, 0.92, 100),
        row(32, "1x4", 0.9, 0.90, 60), row(16, "1x4", 0.75, 0.85, 50), row(16, "row", 0.75, 0.84, 55),
    )  # fmt: skip

    front = [(mean.filters, mean.shape, mean.sparsity) for mean in sweep.front()]

    assert front == [(16, "1x4", 0.75), (32, "1x4", 0.9), (32, "1x4", 0.75), (32, "dense", 0.0)]
    assert [mean.sparsity for mean in sweep.line(32, "1x4")] == [0.0, 0.75, 0.9]


def test_seeds_are_averaged() -> None:
    sweep = sweep_of(row(16, "dense", 0.0, 0.90, 100, 1), row(16, "dense", 0.0, 0.92, 110, 2))

    (mean,) = sweep.means()

    assert mean.accuracy() == pytest.approx(0.91)
    assert mean.spread() == pytest.approx(0.02)
    assert mean.mean("cycles") == 105


def test_files_hold_every_row(tmp_path: Path) -> None:
    sweep = sweep_of(
        row(16, "dense", 0.0, 0.90, 100), row(32, "2:4", 0.5, 0.93, 300), row(16, "2:4", 0.5, 0.92, 100),
    )  # fmt: skip

    written = write_files(sweep, tmp_path)

    assert [path.name for path in written] == ["sweep.json", "sweep.csv", "sweep.md", "sweep.png"]
    assert read_sweep(written[0]) == sweep
    assert json.loads(written[0].read_text())["front"]
    lines = list(csv.DictReader(io.StringIO(written[1].read_text())))
    assert [int(line["cycles"]) for line in lines] == [r.cycles for r in sweep.rows]
    assert {"int8_test", "float_validation"} <= lines[0].keys()
    assert written[2].read_text().count("| 2:4 |") == 2
    assert written[3].read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("text", ["", "4", "0x4", "1x17", "rows", "3:4"])
def test_an_unknown_shape_is_one_line(text: str) -> None:
    with pytest.raises(ConfigError, match="cannot be pruned together; give blocks"):
        parse_shape(text)


@pytest.mark.parametrize(
    ("prune", "shape", "message"),
    [
        ({"enabled": False}, "1x4", "is not pruned"),
        ({"layers": ["dense"]}, "channel", "output channels of 'logits' are the classes"),
        ({"layers": ["pw9"]}, "1x4", "'pw9' is no layer that can be pruned"),
    ],
)
def test_what_cannot_be_pruned_is_told_before_training(prune: dict[str, Any], shape: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_points(make_plan(tiny_config(prune=prune), [parse_shape(shape)], [0.0, 0.5], [8], [1]))


@pytest.mark.parametrize("arguments", [["--sparsity", "0,1"], ["--filters", "a"], ["--blocks", "1x"], ["--seeds", ""]])
def test_wrong_options_are_one_line(arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", "configs/demo.toml", "--out", str(tmp_path / "out"), *arguments]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_damaged_result_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "sweep.json").write_text("{}")
    with pytest.raises(DataError, match=r"sweep\.json: not a sweep"):
        read_sweep(tmp_path / "sweep.json")
    assert issubclass(DataError, KwsError)
