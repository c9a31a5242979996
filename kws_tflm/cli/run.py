"""Play a recording into the virtual board's microphone and show its serial console live.

The unmodified firmware runs on an emulated STM32F767. MODEL (a .tflite or run folder; the newest run if
left out) is built into firmware first, or --elf names an image. --labels scores what was heard. With
--pty the console is a pseudo-terminal: start 'kws-tflm monitor --port' on the port that is printed.
An --elf that is no firmware of this project needs no recording: it runs until it ends, what it writes to its
console or by semihosting goes to standard output, and its exit code is that of the command.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kws_tflm.cli.artefacts import find_model
from kws_tflm.cli.firmware import add_build_arguments, build_image
from kws_tflm.cli.foreign import DEFAULT_SECONDS, describe, is_foreign, run_foreign, to_stdout
from kws_tflm.cli.output import add_json, millions, table
from kws_tflm.errors import AudioError, FirmwareError

if TYPE_CHECKING:
    from kws_tflm.cli.session import Listened

EXAMPLE = "example: kws-tflm run runs/ten_words-0123456789ab recording.wav --labels recording.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("files", nargs="*", metavar="[MODEL] AUDIO", help="model (.tflite or run folder) and recording")
    parser.add_argument("--audio", metavar="WAV", help="the recording, if not given as the last argument")
    parser.add_argument("--elf", type=Path, metavar="FILE", help="run this firmware image instead of building one")
    add_build_arguments(parser)
    parser.add_argument("--labels", type=Path, metavar="JSON", help="words in the recording: list of word, start, end")
    parser.add_argument("--timeline", type=Path, metavar="PNG", help="draw what was said and heard (with --labels)")
    parser.add_argument("--profile", action="store_true", help="at the end ask the board for its operators' cycles")
    parser.add_argument("--timing", action="store_true", help="run with the cycle model: about ten times slower")
    parser.add_argument("--pty", action="store_true", help="offer the console as a pseudo-terminal, wait for a reader")
    parser.add_argument("--paced", action="store_true", help="real time instead of as fast as possible")
    parser.add_argument("--seconds", type=float, default=DEFAULT_SECONDS, help="virtual time for an image of others")
    parser.add_argument("--console", default="USART3", metavar="USART", help="console of an image of others")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Check the inputs first, then build, then listen."""
    from kws_tflm.cli.session import DetectionLines, listen, open_pty
    from kws_tflm.config import FeatureConfig
    from kws_tflm.console.score import load_labels, score
    from kws_tflm.console.view import ConsoleView
    from kws_tflm.data import read_wav

    if args.elf and args.elf.is_file() and is_foreign(args.elf):
        return _run_foreign(args)
    model, audio = _inputs(args)
    pcm = read_wav(audio, min_samples=FeatureConfig().window_length)
    labels = load_labels(args.labels) if args.labels else None
    elf = args.elf if args.elf else build_image(find_model(model), args).elf
    if not elf.is_file():
        raise FirmwareError(f"{elf}: no such firmware image; build one: kws-tflm firmware MODEL")
    view = DetectionLines() if args.json else ConsoleView()
    heard = listen(
        elf,
        pcm,
        view=view,
        paced=args.paced,
        pty=open_pty() if args.pty else None,
        profile=args.profile,
        timing=args.timing,
    )
    totals = heard.totals()
    if labels is not None:
        classes = heard.boot.labels if heard.boot else ()
        keywords = [label for label in classes if not label.startswith("_")] or None
        scored = score(heard.detections, labels, keywords)
        totals["labels"] = scored.counts()
        if args.timeline:
            from kws_tflm.report.timeline import draw_timeline

            draw_timeline(pcm, scored, args.timeline, audio.name)
    _print(heard, totals, args.json)
    return 0


def _run_foreign(args: argparse.Namespace) -> int:
    """An image of others, with a recording or without."""
    import json
    from dataclasses import asdict

    from kws_tflm.data import read_wav

    given = [*args.files, args.audio] if args.audio else args.files
    if len(given) > 1:
        raise AudioError(f"too many files: {' '.join(map(str, given))}; with --elf give one recording or none")
    pcm = read_wav(Path(given[0])) if given else None
    said = bytearray()
    show = said.extend if args.json else to_stdout
    result = run_foreign(args.elf, pcm, show, seconds=args.seconds, console=args.console, paced=args.paced)
    report = json.dumps({**asdict(result), "output": said.decode("utf-8", "replace")})
    print(report if args.json else describe(result), flush=True)
    # A shell sees eight bits; a failure must not look like success.
    code = result.exit_code or 0
    return code & 0xFF or int(code != 0)


def _inputs(args: argparse.Namespace) -> tuple[str | None, Path]:
    """(model or None, recording) from the positional arguments and --audio."""
    files = list(args.files)
    audio = args.audio if args.audio else files.pop() if files else None
    if audio is None:
        raise AudioError("no recording given; name a 16 kHz mono wav: kws-tflm run [MODEL] AUDIO")
    if len(files) > 1:
        raise AudioError(f"too many files: {' '.join(files)} {audio}; give one model and one recording")
    if files and args.elf:
        raise FirmwareError("give a model or --elf, not both")
    return (files[0] if files else None), Path(audio)


def _print(heard: Listened, totals: dict[str, Any], as_json: bool) -> None:
    import json

    if as_json:
        print(json.dumps(totals), flush=True)
        return
    print(
        f"-- {totals['detections']} detections in {totals['seconds']:.1f} s of sound; "
        f"{totals['inferences']} inferences of {millions(totals['instructions_per_inference'])} instructions, "
        f"{totals['overruns']} overruns; {millions(totals['instructions'])} instructions in "
        f"{heard.wall_seconds:.1f} s",
        file=sys.stdout,
    )
    if heard.timed:
        print(
            f"-- modelled: an inference {millions(totals['cycles_per_inference'])} cycles, "
            f"a feature column {totals['cycles_per_column']:,} cycles, interrupts included"
        )
    else:
        print("-- the board's cycles are one an instruction here; --timing has them modelled")
    if "labels" in totals:
        print(table([list(totals["labels"].values())], list(totals["labels"])))
