"""Running an image that is no firmware of this project: its console and semihosting output go to standard output."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from kws_tflm.errors import BoardError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kws_tflm.virtual_board import RunResult

DEFAULT_SECONDS = 10.0


def is_foreign(elf: Path) -> bool:
    """The image is usable, and has none of this project's observation points."""
    from kws_tflm.virtual_board import elf_image
    from kws_tflm.virtual_board.board import TAP_SYMBOL

    try:
        return TAP_SYMBOL not in elf_image.load(elf).symbols
    except BoardError:
        return False  # whoever runs it says what is wrong


def run_foreign(
    elf: Path,
    pcm: NDArray[np.int16] | None,
    show: Callable[[bytes], None],
    *,
    seconds: float = DEFAULT_SECONDS,
    console: str = "USART3",
    paced: bool = False,
) -> RunResult:
    """Run `elf` until it ends itself, sleeps for good, or `seconds` of virtual time have passed.

    Args:
        pcm: what its microphone hears, if it has one.
        show: gets its output as it comes.
        console: USART whose output is shown, at any baud rate; semihosting output is shown always.

    Raises:
        BoardError: a fault, a reset, or something that the virtual board does not model.
    """
    from kws_tflm.virtual_board import Board

    if not seconds > 0:
        raise BoardError(f"{seconds:g} seconds of virtual time; give more than 0")
    board = Board(elf, pcm, paced=paced, console=console, console_baud=None)
    board.on_serial = board.on_semihosting = show
    result = board.run(max_seconds=seconds)
    for warning in board.warnings:
        print(f"virtual board: {warning}", file=sys.stderr, flush=True)
    if result.fault is not None:
        raise BoardError(f"{elf}: {result.fault.summary}")
    return result


def to_stdout(data: bytes) -> None:
    """Output as text, at once."""
    sys.stdout.write(data.decode("utf-8", "replace"))
    sys.stdout.flush()


def describe(result: RunResult) -> str:
    """How it ended, in a line."""
    endings = {
        "exit": f"ended with code {result.exit_code}",
        "asleep": "sleeps, and nothing can wake it",
        "time": "still runs (--seconds gives it more time)",
    }
    return (
        f"-- {endings.get(result.reason, result.reason)} after {result.virtual_seconds:.3f} s, "
        f"{result.instructions} instructions, {result.wall_seconds:.1f} s of this machine"
    )
