"""The whole way once, on a fresh machine, without any download of recordings.

Makes the spoken data set, trains, prunes and quantises a small network, converts it with the sparse operator,
builds the firmware, and lets the virtual board hear a stream of voices that no training clip has. What is
there already is used again; --fresh begins anew.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any

from kws_tflm.cli.output import Steps, add_json, print_json

EXAMPLE = "example: kws-tflm demo"
OUT = Path("build/demo")
CONFIG = Path("configs/demo.toml")
PARITY_SECONDS = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("--config", type=Path, default=CONFIG, metavar="FILE", help="experiment file")
    parser.add_argument("--out", type=Path, default=OUT, metavar="DIR", help="folder for everything the demo makes")
    parser.add_argument("--cache", type=Path, default=Path("build/cache"), metavar="DIR", help="prepared data")
    parser.add_argument("--board", default="nucleo_f767zi", help="board, a folder of stm32f7_app/boards")
    parser.add_argument("--fresh", action="store_true", help="train again even if the demo's run is there")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Six steps and a summary; exit code 1 if a stage does not agree with the one before it."""
    from kws_tflm import config as configuration
    from kws_tflm.cli.demo_steps import Demo
    from kws_tflm.report.summary import write_summary

    config = configuration.load(args.config)
    demo = Demo(config, args.config.read_text(encoding="utf-8"), args.out, args.cache, args.board)
    if args.fresh and demo.run_folder.path.is_dir():
        shutil.rmtree(demo.run_folder.path)
    out = sys.stderr if args.json else sys.stdout
    steps = Steps(6, out)
    with steps.step("data", f"spoken data set: {len(config.data.words)} words, many voices, noise and rooms"):
        steps.note(demo.data())
    with steps.step("train", "training: float, then block pruning, then prune-preserving QAT"):
        steps.note(demo.train())
    with steps.step("convert", "conversion: int8 .tflite, pruned convolutions to the sparse operator, verified"):
        steps.note(demo.convert())
    with steps.step("firmware", f"firmware for {args.board}: cross compiled, arena measured on the virtual board"):
        steps.note(demo.firmware())
    with steps.step("listen", "the virtual board hears a stream of voices that no training clip has; its console:"):
        steps.note(demo.listen(out))
    with steps.step("check", "accuracy of each stage, and parity from float features to the board"):
        steps.note(demo.check(PARITY_SECONDS))
    summary: dict[str, Any] = demo.summary(steps.seconds)
    text = write_summary(args.out / "summary.json", summary)
    if args.json:
        print_json(summary)
    else:
        print(text)
    return 0 if summary["parity"]["same"] else 1
