"""Compare the cycle model with published measurements on Cortex-M7 boards.

Instruction sequences, CMSIS-DSP functions (fetched from the Python package index on the first run), integer
benchmarks and, with --model, a whole network run on the virtual board. Writes the page and its plot.
"""

from __future__ import annotations

import argparse
import datetime
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kws_tflm.cli.output import add_json, print_json

if TYPE_CHECKING:
    from kws_tflm.calibration.page import Section

EXAMPLE = "example: kws-tflm calibrate --out docs/calibration.md"
# As kws_tflm.calibration.page.GROUPS, which is too slow to import for --help.
GROUPS = ("micro", "dsp", "integer", "anchors")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("--out", type=Path, metavar="PAGE.md", help="page to write; the plot goes to images/ beside it")
    parser.add_argument("--only", choices=GROUPS, help="this group, else all")
    parser.add_argument(
        "--model", type=Path, metavar="TFLITE", help="reference model of MLPerf Tiny keyword spotting, for anchors"
    )
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Measure, print, write."""
    from kws_tflm.calibration import page, report
    from kws_tflm.errors import ModelError

    if args.only == "anchors" and args.model is None:
        raise ModelError("--only anchors needs --model: the reference .tflite of MLPerf Tiny keyword spotting")
    only = GROUPS if args.only is None else (args.only,)
    sections = page.measure(only, args.model, progress=lambda line: print(line, file=sys.stderr, flush=True))
    if args.out is not None:
        model = "" if args.model is None else f" --model {args.model.name}"
        out = args.out.name if args.out.is_absolute() else args.out.as_posix()
        command = f"kws-tflm calibrate --out {out}{model}"
        report.write(sections, args.out, command, datetime.date.today().isoformat())
    if args.json:
        print_json(report.as_json(sections))
    else:
        _print(sections)
    return 0


def _print(sections: Sequence[Section]) -> None:
    from kws_tflm.calibration.rows import summarise
    from kws_tflm.cli.output import table

    for section in sections:
        print(f"\n{section.title}")
        rows = [
            [row.group, row.name, f"{row.predicted:.10g}", f"{row.published:.10g}", f"{row.error * 100:+.1f}%"]
            for row in section.rows
        ]
        print(table(rows, ["group", "row", "predicted", "published", "error"]))
        summary = summarise(section.rows)
        if summary is not None:
            print(
                f"{summary.rows} scored rows: median {summary.median * 100:+.1f}%, mean of absolute errors "
                f"{summary.mean_absolute * 100:.1f}%, {summary.within_10} within 10%, worst {summary.worst.name} "
                f"{summary.worst.error * 100:+.1f}%"
            )
