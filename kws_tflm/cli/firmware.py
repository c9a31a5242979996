"""Build the firmware around a model: generated sources, cross compilation, measured arena.

MODEL is a .tflite or a run folder; without it the newest run is taken. A model made elsewhere carries
no configuration: give the experiment file that says its words and features with --config.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kws_tflm.cli.artefacts import find_model
from kws_tflm.cli.output import add_json, kilobytes, pairs, print_json

if TYPE_CHECKING:
    from kws_tflm.firmware import FirmwareImage

EXAMPLE = "example: kws-tflm firmware runs/ten_words-0123456789ab --board nucleo_f767zi"
DEFAULT_BOARD = "nucleo_f767zi"
OUT = Path("build/firmware")


def add_build_arguments(parser: argparse.ArgumentParser) -> None:
    """Options shared by the verbs that build firmware."""
    parser.add_argument("--board", default=DEFAULT_BOARD, help="board, a folder of stm32f7_app/boards")
    parser.add_argument("--config", metavar="FILE", help="experiment file, for a model without one inside")
    parser.add_argument(
        "--arena", type=int, metavar="BYTES", help="tensor arena; measured on the virtual board if left out"
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("model", nargs="?", metavar="MODEL", help=".tflite or run folder; the newest run if left out")
    add_build_arguments(parser)
    parser.add_argument("--out", type=Path, default=OUT, help="folder for the build")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Build and report."""
    image = build_image(find_model(args.model), args, args.out)
    facts = describe_image(image)
    if args.json:
        print_json(facts)
        return 0
    print(f"firmware for {args.board}: {image.elf}")
    print(pairs(shown(facts)))
    print(f"next: kws-tflm flash --board {args.board}, or without a board: kws-tflm run --elf {image.elf} AUDIO.wav")
    return 0


def build_image(model: Path, args: argparse.Namespace, out: Path = OUT) -> FirmwareImage:
    """Build with the options of `add_build_arguments`."""
    from kws_tflm import config as configuration
    from kws_tflm.firmware import build

    options: dict[str, Any] = {}
    if args.config:
        options["config"] = configuration.load(args.config)
    return build(model, board=args.board, out_dir=out, arena_bytes=args.arena, **options)


def describe_image(image: FirmwareImage) -> dict[str, Any]:
    """Files and sizes of an image, as plain values."""
    return {
        "elf": str(image.elf),
        "bin": str(image.bin),
        "hex": str(image.hex),
        "text_bytes": image.text_bytes,
        "data_bytes": image.data_bytes,
        "bss_bytes": image.bss_bytes,
        "flash_bytes": image.text_bytes + image.data_bytes,
        "arena_used": image.arena_used,
    }


def shown(facts: dict[str, Any]) -> dict[str, str]:
    """The facts worth a line on the terminal."""
    return {
        "flash": kilobytes(facts["flash_bytes"]),
        "static RAM": kilobytes(facts["data_bytes"] + facts["bss_bytes"]),
        "arena used": kilobytes(facts["arena_used"]),
        "images": f"{facts['bin']}, {facts['hex']}",
    }
