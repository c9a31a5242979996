"""The shipped models and their cards; or, with --make, ship the model of a run.

Wherever a MODEL is asked for, the name of a shipped one does: 'kws-tflm run ds_cnn_sparse recording.wav'.
--make measures everything that stands in the card: accuracy of every stage on the test split of the run's
data (or on --data), the same on the virtual board, cycles, flash and arena. --seeds names runs of the same
experiment with other seeds.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kws_tflm.cli.artefacts import RunFolder, find_run
from kws_tflm.cli.output import add_json, print_json, table
from kws_tflm.errors import DataError, ModelError

if TYPE_CHECKING:
    from kws_tflm.shipped.card import Card
    from kws_tflm.shipped.making import Sources

EXAMPLE = (
    "example: kws-tflm models ds_cnn_sparse\n"
    "         kws-tflm models --make runs/speech_commands_sparse-0123456789ab --name ds_cnn_sparse"
)

NOTHING = "no model is shipped; make one: kws-tflm models --make RUN --name NAME"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("shown", nargs="?", metavar="NAME", help="show the whole card of this model")
    make = parser.add_argument_group("shipping the model of a run")
    make.add_argument("--make", type=Path, metavar="RUN", help="converted run folder")
    make.add_argument("--name", metavar="NAME", help="name of the shipped model: letters, digits and _")
    make.add_argument(
        "--seeds", type=Path, nargs="+", default=[], metavar="RUN", help="runs with other seeds, for the spread"
    )
    make.add_argument("--data", type=Path, metavar="DIR", help="test on these class folders instead of the test split")
    make.add_argument("--cache", type=Path, default=Path("build/cache"), metavar="DIR", help="prepared data")
    make.add_argument("--limit", type=int, metavar="N", help="only N recordings, for trying it out")
    make.add_argument("--out", type=Path, metavar="DIR", help="folder for the model and its card, else the package")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """List, show or make."""
    if args.make is not None:
        return _make(args)
    if args.name or args.seeds or args.data or args.out:
        raise ModelError("--name, --seeds, --data and --out go with --make RUN")
    from kws_tflm import shipped
    from kws_tflm.shipped.card import read_card

    if args.shown is None:
        cards = [read_card(name) for name in shipped.names()]
        if args.json:
            print_json({"models": [card.to_dict() for card in cards]})
        else:
            print(
                cards_table(cards) if cards else "no model is shipped; make one: kws-tflm models --make RUN --name NAME"
            )
        return 0
    card = read_card(_known(args.shown))
    if args.json:
        print_json(card.to_dict())
    else:
        print(card.markdown())
    return 0


def cards_table(cards: list[Card]) -> str:
    """One line a model."""
    rows = [
        [
            card.name,
            len(card.words),
            *(f"{card.accuracy[stage]:.2%}" for stage in ("float", "int8", "sparse")),
            f"{card.cycles:,}",
            f"{card.flash_bytes:,}",
            f"{card.arena_bytes:,}",
            f"{card.model_bytes:,}",
            card.config_hash,
        ]
        for card in cards
    ]
    heads = ["model", "words", "float", "int8", "sparse", "cycles", "flash", "arena", "bytes", "configuration"]
    notes = [f"{card.name}: {card.test_data}" for card in cards]
    return "\n".join([table(rows, heads), "", *notes])


def _known(name: str) -> str:
    from kws_tflm.cli.artefacts import find_subject

    return find_subject(name).stem


def ship(
    name: str,
    run: Path,
    *,
    seeds: Sequence[Path] = (),
    data: Path | None = None,
    cache: Path = Path("build/cache"),
    limit: int | None = None,
    out: Path | None = None,
) -> Card:
    """Measure the run in the folder `run`, and put its model and card into `out` (None: the package).

    Args:
        name: of the shipped model.
        run: trained to the end and converted.
        seeds: runs of the same experiment with other seeds.
        data: class folders to test on; None: the test split of each run's own data.
        cache: prepared data.
        limit: only so many recordings.
        out: an existing folder.

    Raises:
        ModelError, MismatchError, DataError: the name or a run will not do; and what measuring raises.
    """
    from kws_tflm import shipped
    from kws_tflm.cli.evaluate import load_clips
    from kws_tflm.shipped.making import make_card, write_model

    if not name.isidentifier():
        raise ModelError(f"--name {name}: give a name of letters, digits and _, such as ds_cnn_sparse")
    folder = out or shipped.folder()
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; make it first")
    run_folder = find_run(run)
    options = argparse.Namespace(data=data, split="test", limit=limit, cache=cache)
    card = make_card(
        name,
        run_folder.path,
        [find_run(path).path for path in seeds],
        lambda subject: load_clips(subject, options),
        _sources(run_folder, options),
    )
    write_model(card, run_folder.sparse, folder)
    return card


def _sources(run_folder: RunFolder, options: argparse.Namespace) -> Sources:
    """What the recordings for training and for the test are."""
    from kws_tflm.cli.data import open_run_dataset
    from kws_tflm.cli.evaluate import is_speech_commands
    from kws_tflm.data.speech_commands import TEST_FOLDER, WORDS_FOLDER, find_layout
    from kws_tflm.shipped.making import Sources

    config = run_folder.config()
    layout = None if run_folder.data_dir is None else find_layout(run_folder.data_dir, config.data.words)
    official_words = layout is not None and layout.words.name == WORDS_FOLDER
    if options.data is not None and not is_speech_commands(options.data):
        name = options.data.resolve().name
        return Sources(name == TEST_FOLDER, f"a folder '{name}'", official_words)
    source = open_run_dataset(run_folder, config, options).source
    kind = "synthetic" if config.data.kind == "synthetic" else "recorded"
    return Sources(source.endswith("12-class test set"), f"the test split of the {kind} set", official_words)


def _make(args: argparse.Namespace) -> int:
    if args.shown is not None:
        raise ModelError(f"'{args.shown}': with --make the name is given by --name")
    if not args.name:
        raise ModelError("--make needs --name: what the shipped model is called")
    card = ship(
        args.name, args.make, seeds=args.seeds, data=args.data, cache=args.cache, limit=args.limit, out=args.out
    )
    if args.json:
        print_json(card.to_dict())
    else:
        print(card.markdown())
    return 0
