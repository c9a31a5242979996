"""Build the firmware around a model: generated sources, cross compilation, measured arena.

MODEL is a .tflite or a run folder; without it the newest run is taken. A model made elsewhere carries
no configuration: say its words and features with --config, or only its class names with --classes.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from kws_tflm.cli.artefacts import find_model
from kws_tflm.cli.output import add_json, kilobytes, pairs, print_json

if TYPE_CHECKING:
    from kws_tflm.firmware import FirmwareImage

KERNELS = ("m7", "reference", "cmsis_nn")  # kws_tflm.firmware.KERNELS, which is too slow to import for --help

EXAMPLE = "example: kws-tflm firmware runs/ten_words-0123456789ab --board nucleo_f767zi"


def add_build_arguments(parser: argparse.ArgumentParser) -> None:
    """Options shared by the verbs that build firmware."""
    parser.add_argument("--board", default="nucleo_f767zi", help="board, a folder of stm32f7_app/boards")
    parser.add_argument("--config", metavar="FILE", help="experiment file, for a model without one inside")
    parser.add_argument("--classes", metavar="A,B,...", help="class names of a foreign model, in output order")
    parser.add_argument("--kernels", choices=KERNELS, help="of the built-in operators; else $KWS_KERNELS, else m7")
    add_place(parser)
    parser.add_argument("--arena", type=int, metavar="BYTES", help="tensor arena; measured if left out")


def add_place(parser: argparse.ArgumentParser) -> None:
    """The option --place; `kws_tflm.firmware.parse_placement` reads it."""
    parser.add_argument(
        "--place",
        metavar="WHAT=MEMORY,...",
        help="code=flash|art|itcm, weights=flash|dtcm|sram, arena=auto|dtcm|sram; the first of each if left out",
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("model", nargs="?", metavar="MODEL", help=".tflite or run folder; the newest run if left out")
    add_build_arguments(parser)
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the build, else build/firmware")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Build and report."""
    image = build_image(find_model(args.model), args, args.out)
    if args.json:
        print_json({**dataclasses.asdict(image), "flash_bytes": image.flash_bytes})
        return 0
    print(f"firmware for {image.board}: {image.elf}")
    print(
        pairs(
            {
                "model": f"{image.model}, {kilobytes(image.model_bytes)}, configuration {image.config_hash}",
                "flash": kilobytes(image.flash_bytes),
                "RAM": f"{kilobytes(image.data_bytes + image.bss_bytes)}, stack, arena and audio buffers included",
                "arena": kilobytes(image.arena_bytes)
                + ("" if image.arena_used is None else f", of it {image.arena_used} bytes used"),
                "images": f"{image.bin}, {image.hex}",
            }
        )
    )
    print(f"next: kws-tflm flash --elf {image.elf}, or without a board: kws-tflm run --elf {image.elf} AUDIO.wav")
    return 0


def build_image(model: Path, args: argparse.Namespace, out: Path | None = None) -> FirmwareImage:
    """Build with the options of `add_build_arguments`."""
    from kws_tflm import config as configuration
    from kws_tflm.firmware import build, parse_placement

    config = configuration.load(args.config) if args.config else None
    return build(
        model,
        args.board,
        out,
        args.arena,
        config=config,
        labels=class_names(args),
        kernels=args.kernels,
        placement=parse_placement(args.place),
    )


def class_names(args: argparse.Namespace) -> list[str] | None:
    """What --classes names."""
    return [name.strip() for name in args.classes.split(",")] if args.classes else None
