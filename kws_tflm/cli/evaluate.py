"""Accuracy of a model, or of every stage of a run, on labelled recordings, class by class.

WHAT is a .tflite (dense or sparse) or a run folder. Without --data the test split of the run's own data
set is used; --data names a folder with one sub-folder of 16 kHz mono wav files for each class.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kws_tflm.cli.artefacts import RunFolder, find_config, is_run, newest_run, read_model
from kws_tflm.cli.output import add_json, print_json, table
from kws_tflm.errors import ModelError

if TYPE_CHECKING:
    from kws_tflm.evaluate.accuracy import Accuracy, Predict

EXAMPLE = "example: kws-tflm evaluate runs/ten_words-0123456789ab --data recordings/"
SPLITS = ("test", "validation")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("what", nargs="?", metavar="WHAT", help=".tflite or run folder; the newest run if left out")
    parser.add_argument("--data", type=Path, metavar="DIR", help="class folders of wav files, or Speech Commands")
    parser.add_argument("--split", choices=SPLITS, default="test", help="which part of the data set")
    parser.add_argument("--config", metavar="FILE", help="experiment file, for a model without one inside")
    parser.add_argument("--cache", type=Path, default=Path("build/cache"), metavar="DIR", help="prepared data")
    parser.add_argument("--confusion", type=Path, metavar="PNG", help="draw the confusion matrix of the last stage")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Evaluate and report."""
    from kws_tflm.evaluate.accuracy import accuracy_of

    what = _what(args.what)
    config = find_config(what, args.config)
    features, expected = _features(what, args, config)
    results = {name: accuracy_of(predict(features), expected, config.labels) for name, predict in _stages(what)}
    if args.confusion:
        from kws_tflm.evaluate.accuracy import draw_confusion

        args.confusion.write_bytes(draw_confusion(list(results.values())[-1], f"{what.name}, {list(results)[-1]}"))
    if args.json:
        print_json({"what": str(what), "config": config.hash, "split": args.split, "stages": {
            name: result.to_dict() for name, result in results.items()}})  # fmt: skip
        return 0
    _print(what, results, config.labels)
    return 0


def _what(given: str | None) -> Path:
    if given is not None:
        return Path(given)
    newest = newest_run()
    if newest is None:
        raise ModelError("no model given and no run found; train one, or name a .tflite or a run folder")
    return newest.path


def _stages(what: Path) -> Iterator[tuple[str, Predict]]:
    """Name and predictor of each model that `what` holds."""
    from kws_tflm.evaluate.accuracy import keras_predictor, tflite_predictor, tflm_predictor

    if not is_run(what):
        yield what.name, tflm_predictor(read_model(what))
        return
    from kws_tflm.train import load_model, open_run

    folder = open_run(what)
    for stage in ("float", "pruned", "qat"):
        if folder.has_stage(stage):
            yield stage, keras_predictor(load_model(what, stage))
    if (what / "dense.tflite").is_file():
        yield "int8 dense", tflite_predictor(read_model(what / "dense.tflite"))
    if (what / "sparse.tflite").is_file():
        yield "int8 sparse", tflm_predictor(read_model(what / "sparse.tflite"))


def _features(what: Path, args: argparse.Namespace, config: Any) -> tuple[Any, Any]:
    """Fixed-point features and classes: of class folders, or of a split of the data set."""
    from kws_tflm.evaluate.accuracy import folder_features

    if args.data is not None and not _is_speech_commands(args.data):
        return folder_features(args.data, config)
    from kws_tflm.cli.data import open_run_dataset
    from kws_tflm.data import plain_features

    run_folder = RunFolder(what if what.is_dir() else what.parent)
    split = open_run_dataset(run_folder, config, args).split(args.split)
    return plain_features(split, config, args.cache), split.labels


def _print(what: Path, results: dict[str, Accuracy], labels: tuple[str, ...]) -> None:
    first = next(iter(results.values()))
    print(f"{what}: {first.clips} clips")
    rows = [["all"] + [f"{result.accuracy:.2%}" for result in results.values()]]
    for label in labels:
        recalls = [result.per_class[label] for result in results.values()]
        rows.append([label] + ["-" if recall is None else f"{recall:.2%}" for recall in recalls])
    print(table(rows, ["class", *results]))


def _is_speech_commands(folder: Path) -> bool:
    """The official layout, at `folder` or one level below it."""
    return any((place / "testing_list.txt").is_file() for place in (folder, *folder.glob("speech_commands*")))
