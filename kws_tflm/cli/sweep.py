"""Accuracy against sparsity, cycles and bytes, for widths and for what is pruned together.

CONFIG is trained once dense for each width; from there each shape and sparsity is pruned, quantised, converted,
evaluated and profiled on the virtual board. Each is an ordinary run folder below --out. An interrupted sweep goes
on, at the run and epoch where it stopped, when the same command is given again. Results: sweep.json, sweep.csv,
sweep.png, sweep.md.
"""

from __future__ import annotations

import argparse
import datetime
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from kws_tflm.cli.data import add_data_arguments, open_dataset
from kws_tflm.cli.output import add_json, print_json, table
from kws_tflm.errors import ConfigError

if TYPE_CHECKING:
    from kws_tflm.config import Config
    from kws_tflm.data import Dataset
    from kws_tflm.sweep import Row, Sweep, SweepData

EXAMPLE = (
    "example: kws-tflm sweep configs/speech_commands.toml --data speech_commands_v0.02 --out sweeps/width \\\n"
    "           --filters 32,48,64 --sparsity 0,0.5,0.75,0.9 --blocks 1x4,channel"
)
T = TypeVar("T")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("config", metavar="CONFIG", help="experiment file (TOML), see configs/")
    add_data_arguments(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="runs and results")
    parser.add_argument("--sparsity", default="0,0.5,0.75,0.9", metavar="LIST", help="0 is the dense network")
    parser.add_argument(
        "--blocks", metavar="LIST",
        help="what is pruned together: output x input channels (1x1: single weights), row, channel, 1:4, 2:4; "
        "if left out, as CONFIG says",
    )  # fmt: skip
    parser.add_argument("--filters", metavar="LIST", help="widths ('model.filters'); if left out, CONFIG's")
    parser.add_argument("--seeds", metavar="LIST", help="results are means over them; if left out, CONFIG's")
    parser.add_argument("--measure-again", action="store_true", help="evaluate and profile finished runs once more")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Train what is missing, measure, report."""
    from kws_tflm import config as configuration
    from kws_tflm.sweep import check_points, make_plan, parse_shape, run_sweep
    from kws_tflm.sweep.report import write_files

    base = configuration.load(args.config)
    points = make_plan(
        base,
        [parse_shape(text) for text in _listed(args.blocks, "--blocks", str, [_own_shape(base)])],
        _listed(args.sparsity, "--sparsity", float, []),
        _listed(args.filters, "--filters", int, [base.model.filters]),
        _listed(args.seeds, "--seeds", int, [base.seed]),
    )
    check_points(points)
    opened: dict[int, Dataset] = {}

    def open_data(config: Config) -> SweepData:
        opened[config.seed] = open_dataset(config, args)
        return _sweep_data(config, opened[config.seed], args.cache)

    def keep(rows: list[Row]) -> None:
        write_files(_sweep(args, base, rows, len(points), opened), args.out)
        _note_data(args, rows[-1])

    rows = run_sweep(points, args.out, open_data, measure_again=args.measure_again, done=keep)
    sweep = _sweep(args, base, rows, len(points), opened)
    written = write_files(sweep, args.out)
    if args.json:
        print_json(sweep.to_json())
        return 0
    _print(sweep)
    print("written: " + " ".join(map(str, written)))
    return 0


def _sweep_data(config: Config, dataset: Dataset, cache: Path) -> SweepData:
    import numpy as np

    from kws_tflm.cli.pipeline import CALIBRATION_CLIPS
    from kws_tflm.data import plain_features
    from kws_tflm.sweep import SweepData
    from kws_tflm.train import DatasetSource

    features = plain_features(dataset.split("train"), config, cache)
    chosen = np.sort(np.random.default_rng(config.seed).permutation(len(features))[:CALIBRATION_CLIPS])
    return SweepData(DatasetSource(dataset, config, cache), np.asarray(features[chosen]))


def _sweep(args: argparse.Namespace, base: Config, rows: list[Row], total: int, opened: dict[int, Dataset]) -> Sweep:
    from kws_tflm.sweep import Sweep, read_sweep
    from kws_tflm.sweep.report import JSON
    from kws_tflm.train.report import git_state

    if opened:
        dataset = next(iter(opened.values()))
        source, clips = dataset.source, {split: sum(c.values()) for split, c in dataset.counts().items()}
    else:  # nothing was missing, so nothing was opened: as it was noted before
        before = read_sweep(args.out / JSON) if (args.out / JSON).is_file() else None
        source, clips = (before.data, before.clips) if before else ("", {})
    made: dict[str, Any] = {
        "command": f"kws-tflm {shlex.join(sys.argv[1:])}",
        "date": datetime.date.today().isoformat(),
        **(git_state(Path(__file__).parent) or {}),
    }
    return Sweep(base.name, base.hash, source, clips, made, len(rows) == total, tuple(rows))


def _note_data(args: argparse.Namespace, row: Row) -> None:
    """So that verbs which take the run find its recordings."""
    from kws_tflm.cli.artefacts import RunFolder

    RunFolder(args.out / row.run).note_data_dir(args.data)


def _own_shape(base: Config) -> str:
    """The shape that the experiment itself prunes by."""
    prune = base.prune
    return "{}x{}".format(*prune.block_shape) if prune.granularity == "block" else prune.granularity


def _listed(text: str | None, option: str, kind: Callable[[str], T], default: list[T]) -> list[T]:
    """Comma-separated values.

    Raises:
        ConfigError: one is not of that kind, or a sparsity outside [0, 1).
    """
    if text is None:
        return default
    try:
        values = [kind(part.strip()) for part in text.split(",") if part.strip()]
    except ValueError:
        raise ConfigError(f"{option} {text}: not a list of numbers; separate them by commas") from None
    if kind is float and not all(0 <= float(str(value)) < 1 for value in values):
        raise ConfigError(f"{option} {text}: a sparsity is at least 0 and less than 1, as 0.75")
    return values


def _print(sweep: Sweep) -> None:
    from kws_tflm.sweep.report import HEADS, cells

    front = sweep.front()
    print(table([cells(mean, front) for mean in sweep.means()], HEADS))
