"""Make recordings of your own words with synthetic voices, and the experiment file that trains a model on them.

PHRASE is what people will say ("hey board"), or NAME=TEXT where the class is to be called otherwise. Written are
one-second wav files, one folder a word: the phrases, words that sound nearly like them, ordinary words, and background
noise. Voices of training, validation and test differ. The same request and --seed give the same files; interrupted,
the same command goes on. Recordings of people are added with 'kws-tflm data import SRC DIR'.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kws_tflm.cli.output import add_json, print_json
from kws_tflm.errors import DataError

if TYPE_CHECKING:
    from kws_tflm.data.neighbours import Other
    from kws_tflm.data.own_words import Request

EXAMPLE = (
    'example: kws-tflm synth "hey board" --out build/hey_board\n'
    '         kws-tflm synth "hey board" --neural --clips 60 --out build/hey_board_test'
)
CLIPS = 400


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("phrases", nargs="+", metavar="PHRASE", help='a keyword, for example "hey board"')
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder, or one to complete")
    parser.add_argument("--clips", type=int, default=CLIPS, metavar="N", help="recordings of each phrase")
    parser.add_argument(
        "--other-clips", type=int, metavar="N", help="recordings of other words in all (default: 3 times --clips, more "
        "for more phrases)"
    )  # fmt: skip
    parser.add_argument(
        "--other-words", type=Path, metavar="FILE", help="further other words, one a line: what is said near the board"
    )
    parser.add_argument("--language", metavar="CODE,...", help="espeak-ng languages (default: accents of English)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other recordings")
    parser.add_argument(
        "--neural", action="store_true", help="a test set instead, said by a neural voice, a folder a class"
    )
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Make the set; report what is in it and what to type next."""
    from kws_tflm.data.own_words import others, paces

    request = read_request(args)
    if args.neural and not all(accent.startswith("en") for accent in request.accents):
        raise DataError(f"--neural: the neural voice speaks English only, not '{args.language}'; leave --neural out")
    other_words = others(request)
    seconds = paces(request)
    if args.neural:
        return _neural(args, request, other_words)
    from kws_tflm.data.own_words import LONGEST_SECONDS, count_files, make
    from kws_tflm.data.words_config import write_config

    written = make(request, args.out, other_words)
    counts = count_files(args.out)
    totals = {word: sum(split.values()) for word, split in counts.items()}
    words = [phrase.name for phrase in request.phrases]
    config, fresh = write_config(args.out, words, counts, "synth")
    near = [other.phrase.text for other in other_words if other.kind == "near"]
    following = f"kws-tflm train --config {config} --data {args.out} --convert"
    facts: dict[str, Any] = {
        "out": str(args.out),
        "written": written,
        "words": {word: counts[word] for word in words},
        "other_words": {word: split for word, split in counts.items() if word not in words},
        "near": near,
        "seconds": seconds,
        "config": str(config),
        "next": following,
    }
    if args.json:
        print_json(facts)
        return 0
    print(f"{args.out}: {written} recordings written, {sum(totals.values())} there")
    for phrase in request.phrases:
        fast, slow = seconds[phrase.name]
        hurry = f"; said faster than at leisure ({slow:.2f} s)" if slow > LONGEST_SECONDS else ""
        shares = ", ".join(f"{split} {count}" for split, count in counts[phrase.name].items())
        print(f"  {phrase.name}: {shares}; takes {fast:.2f} to {min(slow, LONGEST_SECONDS):.2f} s{hurry}")
    print(
        f"  other words: {len(facts['other_words'])}, {sum(totals.values()) - sum(totals[w] for w in words)} recordings"
    )
    if near:
        print(f"  sound nearly alike: {', '.join(near[:12])}{', ...' if len(near) > 12 else ''}")
    print(f"experiment file: {config}" + ("" if fresh else " (yours, left as it is)"))
    print(f"next: {following}")
    return 0


def read_request(args: argparse.Namespace) -> Request:
    """The options as a request.

    Raises:
        DataError: an option that cannot be.
    """
    from kws_tflm.data.own_words import Request
    from kws_tflm.data.phrases import parse
    from kws_tflm.data.voices import ACCENTS

    phrases = parse(args.phrases)
    if not 10 <= args.clips <= 100000:
        raise DataError(f"--clips {args.clips}: give 10 to 100000, of each phrase in all three splits")
    other_clips = args.other_clips
    if other_clips is None:
        other_clips = max(3 * args.clips, args.clips * len(phrases) // 2)
    if not 10 <= other_clips <= 1000000:
        raise DataError(f"--other-clips {other_clips}: give 10 to 1000000; a model must know what is no keyword")
    accents = tuple(code.strip() for code in args.language.split(",") if code.strip()) if args.language else ACCENTS
    if args.seed < 0:
        raise DataError(f"--seed {args.seed}: give 0 or more")
    return Request(phrases, args.clips, other_clips, args.seed, accents or ACCENTS, _read_words(args.other_words))


def _read_words(path: Path | None) -> tuple[str, ...]:
    if path is None:
        return ()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; --other-words names a text file, one word a line") from None
    except UnicodeDecodeError:
        raise DataError(f"{path}: is no UTF-8 text; --other-words names a text file, one word a line") from None
    return tuple(" ".join(line.split()) for line in lines if line.strip() and not line.startswith("#"))


def _neural(args: argparse.Namespace, request: Request, other_words: Sequence[Other]) -> int:
    from kws_tflm.data.neural_test import make_neural

    written = make_neural(request, args.out, other_words)
    following = f"kws-tflm evaluate RUN --data {args.out}"
    if args.json:
        print_json({"out": str(args.out), "written": written, "next": following})
        return 0
    print(f"{args.out}: {written} recordings written in a neural voice, for testing only")
    print(f"next: {following}")
    return 0
