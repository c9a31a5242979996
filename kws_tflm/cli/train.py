"""Train, prune and quantise a network as an experiment file says; everything lands in one run folder.

The phases (float, block pruning, prune-preserving QAT) are resumable: run the same command again after an
interruption. Real recordings are named with --data (and fetched with --download); synthetic speech is made.
Where the experiment names a card (key convert.card), the network is converted too, measured on the test split and
on the virtual board, and model and card are put into RUN/card.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kws_tflm.cli.data import add_data_arguments, open_dataset
from kws_tflm.cli.output import add_json, print_json, table
from kws_tflm.errors import KwsError

if TYPE_CHECKING:
    from kws_tflm.cli.artefacts import RunFolder
    from kws_tflm.shipped.card import Card

CARD = "card"
"""Folder in the run."""
EXAMPLE = "example: kws-tflm train --config configs/ten_words.toml --data speech_commands_v0.02"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("--config", required=True, metavar="FILE", help="experiment file (TOML), see configs/")
    add_data_arguments(parser)
    parser.add_argument("--run", type=Path, dest="run_dir", metavar="DIR", help="run folder (default: runs/NAME-HASH)")
    parser.add_argument("--convert", action="store_true", help="convert afterwards, as 'kws-tflm convert' does")
    parser.add_argument(
        "--from",
        type=Path,
        dest="donor",
        metavar="RUN",
        help="take teachers and float phase of RUN where equal",
    )
    parser.add_argument("--tensorboard", action="store_true", help="write TensorBoard event files into the run folder")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Train and report."""
    from kws_tflm import config as configuration
    from kws_tflm.cli.artefacts import RUNS, RunFolder
    from kws_tflm.cli.pipeline import convert, is_converted, train

    config = configuration.load(args.config)
    run_dir = args.run_dir or RUNS / f"{config.name}-{config.hash}"
    text = Path(args.config).read_text(encoding="utf-8")
    dataset = open_dataset(config, args)
    report = train(config, dataset, run_dir, args.cache, text, args.tensorboard, args.donor)
    RunFolder(run_dir).note_data_dir(args.data)
    card = config.convert.card
    wanted = args.convert or (bool(card) and not is_converted(RunFolder(run_dir)))
    converted = convert(RunFolder(run_dir), dataset, args.cache) if wanted else None
    made = _card(card, RunFolder(run_dir), args.cache) if card else None
    if args.json:
        print_json({"run": str(run_dir), "report": report, "convert": converted, "card": made and made.to_dict()})
        return 0
    _print(run_dir, report)
    if made is not None:
        print(
            f"card: {run_dir / CARD / made.name}.md: {made.accuracy['sparse']:.2%} sparse int8 on the test recordings, "
            f"{made.cycles:,} cycles (modelled), {made.model_bytes:,} bytes"
        )
    print(f"next: kws-tflm {'firmware' if converted or made else 'convert'} {run_dir}")
    return 0


def _card(name: str, run: RunFolder, cache: Path) -> Card:
    """The card of the converted run, measured unless it is there for this very model."""
    from kws_tflm.cli.models import ship
    from kws_tflm.shipped.card import read_card

    folder = run.path / CARD
    folder.mkdir(exist_ok=True)
    try:
        card = read_card(name, folder)
        if (folder / f"{name}.tflite").read_bytes() == run.sparse.read_bytes():
            return card
    except KwsError:  # none yet, or damaged
        pass
    return ship(name, run.path, cache=cache, out=folder)


def _print(run_dir: Path, report: dict[str, Any]) -> None:
    print(f"{run_dir}: {report['parameters']} parameters, configuration {report['hash']}")
    rows = []
    for name, stage in report["stages"].items():
        accuracies = [f"{stage[split]['accuracy']:.2%}" for split in ("validation", "test")]
        rows.append([name, *accuracies, stage["epochs"], f"{stage['seconds']:.0f}"])
    print(table(rows, ["stage", "validation", "test", "epochs", "seconds"]))
