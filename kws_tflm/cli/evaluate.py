"""Accuracy of a model, or of every stage of a run, on labelled recordings: each word, confusion, reliability.

WHAT is a .tflite (dense or sparse), the name of a shipped model ('kws-tflm models') or a run folder. --data
names a folder with one sub-folder of 16 kHz mono wav files for each class, as the official Speech Commands
test set; without it the test split of the run's own data set is used. --runner board pushes every recording
through the virtual board and compares each output with the host's.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kws_tflm.cli.artefacts import find_subject, newest_run
from kws_tflm.cli.output import add_json, print_json
from kws_tflm.errors import DataError, ModelError

if TYPE_CHECKING:
    from kws_tflm.evaluate.recordings import Clips
    from kws_tflm.evaluate.stages import StageResult, Subject

EXAMPLE = (
    "example: kws-tflm evaluate runs/ten_words-0123456789ab --data recordings/\n"
    "         kws-tflm evaluate sparse.tflite --data recordings/ --runner board --plot evaluation.png"
)
SPLITS = ("test", "validation")
# As kws_tflm.evaluate.stages.RUNNERS, which is too slow to import for --help.
RUNNERS = ("host", "tflite", "board", "keras")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument(
        "what", nargs="?", metavar="WHAT", help=".tflite, shipped model or run folder; the newest run if left out"
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="class folders of wav files, or Speech Commands")
    parser.add_argument("--split", choices=SPLITS, default="test", help="which part of the data set")
    parser.add_argument("--limit", type=int, metavar="N", help="only N recordings, evenly chosen")
    parser.add_argument(
        "--runner", choices=RUNNERS, help="what computes the scores: host TFLM (every model), tf.lite (dense ones), "
        "the virtual board, or Keras (a run); if left out, of a run all stages on Keras, tf.lite and host, else host",
    )  # fmt: skip
    parser.add_argument("--config", metavar="FILE", help="experiment file, for a model without one inside")
    parser.add_argument("--cache", type=Path, default=Path("build/cache"), metavar="DIR", help="prepared data")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="draw confusion and reliability of the last stage")
    parser.add_argument("--confusion", type=Path, metavar="PNG", help="draw the confusion matrix alone")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Evaluate and report; 1 if the virtual board and the host differ."""
    from kws_tflm.evaluate.stages import evaluate_stages, read_subject

    _check_writable(args.plot, args.confusion)
    subject = read_subject(_what(args.what), args.config, args.runner)
    clips = load_clips(subject, args)
    results = evaluate_stages(subject, clips, args.runner)
    _draw(args, subject, results[-1])
    if args.json:
        print_json(_report(subject, clips, args, results))
    else:
        from kws_tflm.cli.evaluate_text import evaluation_text

        print(evaluation_text(subject, clips, results))
    return int(any(result.differing for result in results))


def load_clips(subject: Subject, args: argparse.Namespace) -> Clips:
    """Labelled features: of class folders, or of a split of the data set.

    `args` has `data`, `split`, `limit` and `cache`, as this verb's options.
    """
    from kws_tflm.data.speech_commands import TEST_FOLDER
    from kws_tflm.evaluate.recordings import class_folders, evenly, firmware_clips, mlperf_tiny_clips

    evenly(2, args.limit)  # a wrong limit is told before anything is read
    config = subject.config
    if config is None:
        if args.data is None:
            raise DataError(f"{subject.path}: name the recordings with --data: a folder with a sub-folder a class")
        inner = args.data / TEST_FOLDER
        folder = inner if inner.is_dir() else args.data
        return mlperf_tiny_clips(class_folders(folder, subject.labels).some(args.limit))
    if args.data is not None and not is_speech_commands(args.data):
        return firmware_clips(class_folders(args.data, subject.labels).some(args.limit), config)
    from kws_tflm.cli.artefacts import RunFolder
    from kws_tflm.cli.data import open_run_dataset
    from kws_tflm.data import plain_features
    from kws_tflm.evaluate.recordings import Clips

    run_folder = RunFolder(subject.path if subject.is_run else subject.path.parent)
    split = open_run_dataset(run_folder, config, args).split(args.split)
    source = f"the firmware's front end, configuration {config.hash}"
    return Clips(plain_features(split, config, args.cache), split.labels, source).some(args.limit)


def _what(given: str | None) -> Path:
    if given is not None:
        return find_subject(given)
    newest = newest_run()
    if newest is None:
        raise ModelError("no model given and no run found; train one, or name a .tflite or a run folder")
    return newest.path


def is_speech_commands(folder: Path) -> bool:
    """The official layout, at `folder` or one level below it."""
    return any((place / "testing_list.txt").is_file() for place in (folder, *folder.glob("speech_commands*")))


def _check_writable(*targets: Path | None) -> None:
    """Told before the work, not after it."""
    for target in targets:
        if target is not None and not target.parent.is_dir():
            raise DataError(f"{target}: there is no folder {target.parent}; make it, or write elsewhere")


def _draw(args: argparse.Namespace, subject: Subject, last: StageResult) -> None:
    title = f"{subject.path.name}, {last.name if subject.is_run else last.runner}"
    if args.plot:
        from kws_tflm.report.reliability import draw_evaluation

        args.plot.write_bytes(draw_evaluation(last.evaluation, title))
    if args.confusion:
        from kws_tflm.report.confusion import draw_confusion

        args.confusion.write_bytes(draw_confusion(last.evaluation.result, title))


def _report(
    subject: Subject, clips: Clips, args: argparse.Namespace, results: tuple[StageResult, ...]
) -> dict[str, Any]:
    """The last stage, which is the one that is deployed, and below it all of them."""
    last = results[-1]
    return {
        "what": str(subject.path),
        "config": subject.config.hash if subject.config else "none",
        "features": clips.source,
        "data": None if args.data is None else str(args.data),
        "split": None if args.data is not None and not is_speech_commands(args.data) else args.split,
        "stage": last.name,
        **last.to_dict(),
        "stages": {result.name: result.to_dict() for result in results},
    }
