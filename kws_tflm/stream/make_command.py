"""Make a long labelled stream: words at known times in real background noise, other words, and long pauses.

DIR holds the official Speech Commands layout, or one folder of wav files a word. By default the words come from
the test split's speakers and the noise from the part of the background recordings that training never uses. The
same options and seed give the same bytes. The labels go beside the wav, as JSON.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from kws_tflm.cli.output import add_json, pairs, print_json

EXAMPLE = "example: kws-tflm stream make --data speech_commands --out build/stream.wav --minutes 60"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the action."""
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="recordings, a folder a word")
    parser.add_argument("--out", type=Path, required=True, metavar="WAV", help="the stream; its labels get .json")
    parser.add_argument("--minutes", type=float, default=60.0, help="length")
    words = parser.add_mutually_exclusive_group()
    words.add_argument("--words", metavar="A,B,...", help="keywords; the ten of Speech Commands if left out")
    words.add_argument("--config", metavar="FILE", help="experiment file with the keywords")
    parser.add_argument(
        "--split", choices=("test", "validation", "train", "all"), default="test", help="whose recordings"
    )
    parser.add_argument("--noise", type=Path, metavar="DIR", help="background recordings, instead of DIR's own")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another stream")
    parser.add_argument(
        "--snr-db", type=float, nargs=2, default=(5.0, 30.0), metavar=("LO", "HI"), help="words over background"
    )
    parser.add_argument("--rate", type=float, default=10.0, metavar="N", help="words a minute, other words included")
    parser.add_argument("--unknown", type=float, default=0.3, metavar="SHARE", help="of these, other words")
    parser.add_argument("--quiet", type=float, default=0.25, metavar="SHARE", help="of the time, long pauses")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Find the recordings, make the stream, say what is in it."""
    from kws_tflm import config as configuration
    from kws_tflm.config import TEN_WORDS
    from kws_tflm.stream.make import make_stream
    from kws_tflm.stream.plan import StreamSettings
    from kws_tflm.stream.recordings import find_recordings

    words: tuple[str, ...] = TEN_WORDS
    if args.config:
        words = configuration.load(args.config).data.words
    elif args.words is not None:
        words = tuple(dict.fromkeys(word.strip() for word in args.words.split(",") if word.strip()))
    settings = StreamSettings(
        minutes=args.minutes,
        rate=args.rate,
        unknown_share=args.unknown,
        quiet_share=args.quiet,
        snr_db=(args.snr_db[0], args.snr_db[1]),
        seed=args.seed,
    )
    settings.check()
    recordings = find_recordings(args.data, words, args.split, args.noise)
    if not recordings.unknown and settings.unknown_share:
        print(f"note: {args.data} has no other words in this split; the stream has none", file=sys.stderr)
    said = make_stream(recordings, settings, args.out, origin={"split": args.split})
    keywords = sum(entry.kind == "keyword" for entry in said)
    labels = args.out.with_suffix(".json")
    facts = {
        "audio": str(args.out),
        "labels": str(labels),
        "seconds": settings.samples / 16000,
        "keywords": keywords,
        "other_words": len(said) - keywords,
        "speakers": len({entry.speaker for entry in said if entry.speaker}),
        "recordings": len({entry.file for entry in said}),
        "background_recordings": len(recordings.noise),
    }
    if args.json:
        print_json(facts)
        return 0
    print(f"stream: {args.out}, labels: {labels}")
    print(
        pairs(
            {
                "length": f"{settings.minutes:g} minutes",
                "keywords": f"{keywords}, of {len(words)} different words",
                "other words": str(len(said) - keywords),
                "recordings": f"{facts['recordings']} different ones, {facts['speakers']} speakers",
                "background": f"{len(recordings.noise)} recordings, words {args.snr_db[0]:g} to {args.snr_db[1]:g} dB "
                "over it",
            }
        )
    )
    print(f"next: kws-tflm stream score MODEL {args.out}")
    return 0
