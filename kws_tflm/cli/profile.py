"""Show where the cycles go: an inference operator by operator, or any image between two symbols.

MODEL is an int8 .tflite, this project's or a foreign one, or a run folder. A small image is built around
it and run on the virtual board; what is counted is one inference in a steady state, start-up left out.
With --symbols nothing is built: the image runs from power-on, and what is counted is the stretch from
the first arrival at BEGIN to the next arrival at END, symbols or addresses.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from kws_tflm.cli.firmware import add_place
from kws_tflm.cli.output import add_json, print_json
from kws_tflm.errors import FirmwareError

EXAMPLE = (
    "example: kws-tflm profile sparse.tflite --kernels reference --plot profile.png\n"
    "         kws-tflm profile --symbols program.elf fft_begin fft_end --nth 2"
)
# As kws_tflm.firmware.KERNELS, which is too slow to import for --help.
KERNELS = ("m7", "reference", "cmsis_nn")
CACHES = ("on", "off")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("model", nargs="?", metavar="MODEL", help=".tflite or run folder; the newest run if left out")
    parser.add_argument("--symbols", nargs=3, metavar=("ELF", "BEGIN", "END"), help="profile a stretch of this image")
    parser.add_argument("--kernels", choices=KERNELS, default="m7", help="cmsis_nn needs CMSIS_NN_ROOT")
    parser.add_argument("--caches", choices=CACHES, default="on", help="on: as the image sets them")
    parser.add_argument("--board", default="nucleo_f767zi", help="board, a folder of stm32f7_app/boards")
    add_place(parser)
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the build, else build/firmware")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="draw a bar an operator, coloured by stall cause")
    parser.add_argument("--nth", type=int, default=1, metavar="N", help="with --symbols: from this arrival at BEGIN")
    parser.add_argument(
        "--max-instructions", type=int, default=2_000_000_000, metavar="N", help="with --symbols: give up after these"
    )
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    if args.symbols is not None:
        if args.model is not None or args.plot is not None or args.place is not None:
            raise FirmwareError("--symbols takes no MODEL, no --plot and no --place; leave them out")
        return _window(args)
    return _model(args)


def _model(args: argparse.Namespace) -> int:
    from kws_tflm.cli.artefacts import find_model
    from kws_tflm.cli.profile_text import model_text
    from kws_tflm.firmware import parse_placement
    from kws_tflm.profile import profile_model

    profile = profile_model(
        find_model(args.model),
        kernels=args.kernels,
        caches=args.caches,
        placement=parse_placement(args.place),
        board=args.board,
        out_dir=args.out,
    )
    if args.plot is not None:
        from kws_tflm.report.profile_plot import draw_profile

        draw_profile(profile, args.plot)
    if args.json:
        print_json(profile.to_json())
    else:
        print(model_text(profile))
    return 0


def _window(args: argparse.Namespace) -> int:
    from kws_tflm.cli.profile_text import window_text
    from kws_tflm.profile import profile_window

    elf, begin, end = args.symbols
    profile = profile_window(
        Path(elf), begin, end, nth=args.nth, caches=args.caches, max_instructions=args.max_instructions
    )
    if args.json:
        print_json(profile.to_json())
    else:
        print(window_text(profile))
    return 0
