"""Make or inspect a data set: clips of each class in each split.

A synthetic set is made (or found in the cache); a Speech Commands folder is read and checked. --export
writes the clips of one split as wav files in class folders; --stream writes a labelled stream of unseen
voices, with its labels beside it as JSON, for 'kws-tflm run --labels'. 'kws-tflm data import SRC DST' makes clips of
recordings of your own; see kws-tflm data import --help.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kws_tflm.cli import data_import
from kws_tflm.cli.output import add_json, print_json
from kws_tflm.errors import ConfigError

if TYPE_CHECKING:
    from kws_tflm.cli.artefacts import RunFolder
    from kws_tflm.config import Config
    from kws_tflm.data import Dataset

EXAMPLE = "example: kws-tflm data --config configs/demo.toml --stream build/stream.wav"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    actions = parser.add_subparsers(dest="action", metavar="[import]", title="recordings of your own")
    importer = actions.add_parser(
        "import",
        help="make clips of recordings of your own",
        description=data_import.__doc__,
        epilog=data_import.EXAMPLE,
        formatter_class=parser.formatter_class,
    )
    data_import.add_arguments(importer)
    parser.add_argument("--config", metavar="FILE", help="experiment file, see configs/")
    add_data_arguments(parser)
    parser.add_argument("--export", type=Path, metavar="DIR", help="write clips as wav files in class folders")
    parser.add_argument("--split", choices=("train", "validation", "test"), default="test", help="what --export writes")
    parser.add_argument("--stream", type=Path, metavar="WAV", help="write a labelled stream of unseen voices")
    add_json(parser)


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Options shared by the verbs that read a data set."""
    parser.add_argument("--data", type=Path, metavar="DIR", help="Speech Commands folder (official layout)")
    parser.add_argument("--download", action="store_true", help="get the official recordings into --data if absent")
    parser.add_argument("--cache", type=Path, default=Path("build/cache"), metavar="DIR", help="prepared data")


def open_dataset(config: Config, args: argparse.Namespace) -> Dataset:
    """The data set that the options of `add_data_arguments` name."""
    from kws_tflm.data import load_dataset

    return load_dataset(config, args.data, args.cache, download=args.download)


def open_run_dataset(run: RunFolder, config: Config, args: argparse.Namespace) -> Dataset:
    """The data set of a run: --data, or else the recordings it was trained on."""
    from kws_tflm.data import load_dataset

    return load_dataset(config, args.data or run.data_dir, args.cache)


def run(args: argparse.Namespace) -> int:
    """Make, report, export; or import."""
    if args.action == "import":
        return data_import.run(args)
    if args.config is None:
        raise ConfigError("no experiment file given; name one with --config, for example configs/demo.toml")
    from kws_tflm import config as configuration

    config = configuration.load(args.config)
    dataset = open_dataset(config, args)
    facts: dict[str, Any] = {"source": dataset.source, "folder": str(dataset.folder), "clips": dataset.counts()}
    if args.export:
        facts["exported"] = _export(dataset, args.split, args.export)
    if args.stream:
        labels = copy_stream(config, args.cache, args.stream)
        facts["stream"] = {"audio": str(args.stream), "labels": str(labels)}
    if args.json:
        print_json(facts)
        return 0
    print(dataset.describe())
    if args.export:
        print(f"{facts['exported']} clips of {args.split} written to {args.export}")
    if args.stream:
        print(f"stream: {args.stream}; next: kws-tflm run MODEL {args.stream} --labels {facts['stream']['labels']}")
    return 0


def copy_stream(config: Config, cache_dir: Path, target: Path) -> Path:
    """Put the labelled stream of `config` at `target` and its labels beside it; returns the labels' path."""
    from kws_tflm.data import make_demo_stream

    audio, _ = make_demo_stream(config, cache_dir)
    labels = target.with_suffix(".json")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(audio, target)
    shutil.copyfile(audio.with_suffix(".json"), labels)
    return labels


def _export(dataset: Dataset, split_name: str, folder: Path) -> int:
    """Write one wav a clip; returns how many."""
    from kws_tflm.data import write_wav

    split = dataset.split(split_name)
    for number, (clip, label) in enumerate(zip(split.clips, split.labels, strict=True)):
        target = folder / dataset.labels[int(label)]
        target.mkdir(parents=True, exist_ok=True)
        write_wav(target / f"{number:05d}.wav", clip)
        if number % 500 == 0:
            print(f"\r{number} of {len(split.labels)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return len(split.labels)
