"""Build the firmware and write it to a connected board.

The first of st-flash, openocd and pyocd that is installed is used, or the one named with --tool.
MODEL is a .tflite or a run folder; without it the newest run is taken. --elf writes an image as it is.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from kws_tflm.cli.artefacts import find_model
from kws_tflm.cli.firmware import add_build_arguments, build_image
from kws_tflm.cli.output import add_json, print_json

EXAMPLE = "example: kws-tflm flash runs/ten_words-0123456789ab --tool openocd --dry-run"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("model", nargs="?", metavar="MODEL", help=".tflite or run folder; the newest run if left out")
    parser.add_argument("--elf", type=Path, metavar="FILE", help="write this image instead of building one")
    parser.add_argument("--tool", metavar="NAME", help="stflash, openocd or pyocd; the first one installed if left out")
    parser.add_argument("--dry-run", action="store_true", help="build, and print the command instead of running it")
    add_build_arguments(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Refuse a bad choice of tool before the build, then build, then write."""
    from kws_tflm.firmware import flash, flash_command

    flash_command(Path("firmware.elf"), args.board, args.tool, args.dry_run)
    elf = args.elf or build_image(find_model(args.model), args).elf
    command = flash(elf, args.board, args.tool, dry_run=args.dry_run)
    if args.json:
        print_json({"elf": str(elf), "command": command, "written": not args.dry_run})
        return 0
    print(command)
    if not args.dry_run:
        print(f"{elf} is on the board; next: kws-tflm monitor")
    return 0
