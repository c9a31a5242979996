"""Show a function instruction by instruction: executions, cycles, pairing and the reason of each wait.

ELF is any image for the board; it runs from power-on with the cycle model. The cycles of an instruction
are counted from the issue of the one before to its own, so one that shares its cycle shows 0.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from kws_tflm.cli.output import add_json, print_json

EXAMPLE = "example: kws-tflm annotate build/firmware/nucleo_f767zi/*-profile-m7/kws_profile.elf kws::Conv2dS8"
CACHES = ("on", "off")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("elf", type=Path, metavar="ELF", help="image for the board, not stripped")
    parser.add_argument("function", metavar="FUNCTION", help="name in the symbol table or the source, or an address")
    parser.add_argument("--until", metavar="SYMBOL", help="stop at the first arrival there")
    parser.add_argument("--caches", choices=CACHES, default="on", help="on: as the image sets them")
    parser.add_argument(
        "--max-instructions", type=int, default=100_000_000, metavar="N", help="stop after these (%(default)s)"
    )
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Run and print."""
    from kws_tflm.profile.annotate import annotate, text

    annotation = annotate(
        args.elf, args.function, until=args.until, caches=args.caches, max_instructions=args.max_instructions
    )
    if args.json:
        print_json(asdict(annotation))
    else:
        print(text(annotation))
    return 0
