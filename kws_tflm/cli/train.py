"""Train, prune and quantise a network as an experiment file says; everything lands in one run folder.

The phases (float, block pruning, prune-preserving QAT) are resumable: run the same command again after an
interruption. Real recordings are named with --data (and fetched with --download); synthetic speech is made.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from kws_tflm.cli.data import add_data_arguments, open_dataset
from kws_tflm.cli.output import add_json, print_json, table

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
    from kws_tflm.cli.pipeline import convert, train

    config = configuration.load(args.config)
    run_dir = args.run_dir or RUNS / f"{config.name}-{config.hash}"
    text = Path(args.config).read_text(encoding="utf-8")
    dataset = open_dataset(config, args)
    report = train(config, dataset, run_dir, args.cache, text, args.tensorboard, args.donor)
    RunFolder(run_dir).note_data_dir(args.data)
    converted = convert(RunFolder(run_dir), dataset, args.cache) if args.convert else None
    if args.json:
        print_json({"run": str(run_dir), "report": report, "convert": converted})
        return 0
    _print(run_dir, report)
    print(f"next: kws-tflm {'firmware' if converted else 'convert'} {run_dir}")
    return 0


def _print(run_dir: Path, report: dict[str, Any]) -> None:
    print(f"{run_dir}: {report['parameters']} parameters, configuration {report['hash']}")
    rows = []
    for name, stage in report["stages"].items():
        accuracies = [f"{stage[split]['accuracy']:.2%}" for split in ("validation", "test")]
        rows.append([name, *accuracies, stage["epochs"], f"{stage['seconds']:.0f}"])
    print(table(rows, ["stage", "validation", "test", "epochs", "seconds"]))
