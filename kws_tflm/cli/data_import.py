"""Recordings of your own, of any rate, as one-second clips in the layout that training reads.

SRC has one folder a word, in it the files or a folder a speaker; wav, flac, ogg, mp3 or aiff. DST may be a folder of
'kws-tflm synth': the recordings join it. Nothing in SRC is changed, nothing in DST is replaced, and the same command
again adds only what is new. Speech is put into the middle of its second.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kws_tflm.cli.artefacts import RUNS
from kws_tflm.cli.output import print_json, table
from kws_tflm.errors import DataError

if TYPE_CHECKING:
    from kws_tflm.data.importing import Imported, Source

EXAMPLE = "example: kws-tflm data import recordings build/hey_board --speaker anna"
_SPLITS = ("train", "validation", "test")
_SHOWN = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the action."""
    parser.add_argument("source", type=Path, metavar="SRC", help="recordings, a folder a word")
    parser.add_argument("target", type=Path, metavar="DST", help="data folder; new, or one to add to")
    parser.add_argument(
        "--speaker", metavar="NAME", help="who speaks in all of them; else the folder between word and file, or the "
        "file name before _nohash_"
    )  # fmt: skip
    parser.add_argument("--split", choices=_SPLITS, help="put all of them there; else the speakers' names decide")
    parser.add_argument("--words", metavar="A,B,...", help="keywords, for an experiment file DST/words.toml")
    parser.add_argument(
        "--test-set", action="store_true", help="a test set for 'evaluate --data' instead: the keywords of --words, "
        "and all other words in _unknown_"
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="report as JSON on standard output")


def run(args: argparse.Namespace) -> int:
    """Convert, report; 1 if a recording was refused."""
    from kws_tflm.data.importing import find_sources, import_recordings
    from kws_tflm.data.own_words import count_files
    from kws_tflm.data.words_config import NAME, write_config

    if args.source.resolve() == args.target.resolve():
        raise DataError(f"{args.target}: is the folder to import from; name another one, new or of 'kws-tflm synth'")
    sources = find_sources(args.source, args.speaker)
    words = [word.strip() for word in (args.words or "").split(",") if word.strip()]
    if args.test_set:
        return _test_set(args, sources, words)
    state = import_recordings(sources, args.target, args.split)
    counts = count_files(args.target)
    _require_folders(args.target, words, counts)
    config = args.target / NAME
    if words:
        write_config(args.target, words, counts, "data import")
    _report(args, state, counts, {source.word for source in sources}, config if config.is_file() else None)
    return int(bool(state.refused))


def _test_set(args: argparse.Namespace, sources: Sequence[Source], words: Sequence[str]) -> int:
    """Everything into class folders."""
    from kws_tflm.data.importing import import_recordings, into_classes

    if not words:
        raise DataError("--test-set: name the keywords with --words; all other folders make the class _unknown_")
    _require_folders(args.source, words, {source.word for source in sources})
    state = import_recordings(into_classes(sources, words), args.target, "test", lists=False)
    following = f"kws-tflm evaluate RUN --data {args.target}"
    if args.json:
        print_json(_facts(state) | {"next": following})
    else:
        print(f"{args.target}: {_summary(state)}")
        _print_notes(state)
        print(f"next: {following}")
    return int(bool(state.refused))


def _require_folders(folder: Path, words: Sequence[str], found: Collection[str]) -> None:
    for word in words:
        if word not in found:
            raise DataError(f"{folder}: has no folder '{word}' to be a keyword; it has {', '.join(sorted(found))}")


def _report(
    args: argparse.Namespace, state: Imported, counts: dict[str, dict[str, int]], words: set[str], config: Path | None
) -> None:
    following = None
    if config:
        from kws_tflm import config as configuration

        # A run folder of its own: that of the same experiment file holds what was trained without these recordings.
        run_dir = RUNS / f"{configuration.load(config).name}-{sum(sum(entry.values()) for entry in counts.values())}"
        following = f"kws-tflm train --config {config} --data {args.target} --run {run_dir} --convert"
    if args.json:
        print_json(_facts(state) | {"words": counts, "config": config and str(config), "next": following})
        return
    print(f"{args.target}: {_summary(state)}")
    rows = [[word, *(counts[word][split] for split in _SPLITS)] for word in sorted(words & set(counts))]
    print(table(rows, ["word", *_SPLITS]))
    for split in _SPLITS:
        names = [name for name, where in state.speakers.items() if where == split]
        if names:
            more = f" and {len(names) - _SHOWN} more" if names[_SHOWN:] else ""
            print(f"  {split}: {', '.join(names[:_SHOWN])}{more}")
    _print_notes(state)
    if following:
        print(f"next: {following}")
    elif words & set(counts):
        keyword = min(words & set(counts))
        print(f"next: name the keywords: kws-tflm data import {args.source} {args.target} --words {keyword},...")


def _facts(state: Imported) -> dict[str, Any]:
    return asdict(state)


def _summary(state: Imported) -> str:
    return f"{state.written} recordings written, {state.there} were there, {len(state.refused)} refused"


def _print_notes(state: Imported) -> None:
    sys.stdout.flush()
    for line in state.refused[:_SHOWN]:
        print(f"refused: {line}", file=sys.stderr)
    if state.refused[_SHOWN:]:
        print(f"refused: {len(state.refused) - _SHOWN} more; --json lists them all", file=sys.stderr)
    if state.long:
        print(
            f"note: {len(state.long)} hold more than a second of speech, of which the loudest second was taken: "
            f"{state.long[0]}{', ...' if state.long[1:] else ''}",
            file=sys.stderr,
        )
