"""The board that profiles are taken on, and its counters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kws_tflm.virtual_board import Board
from kws_tflm.virtual_board.timing import Counters, TimingOptions

CACHES = ("on", "off")
Counts = Counters


def open_board(elf: Path, caches: str = "on") -> Board:
    """A board for `elf` that models cycles; caches ``on`` as the image sets them, or ``off`` whatever it does."""
    return Board(elf, timing=TimingOptions(caches="off" if caches == "off" else "firmware"))


def is_timed(board: Board) -> bool:
    """Whether cycles are modelled: on a board of `open_board` they are."""
    return bool(board.counters().stalls)


def on_arrival(board: Board, address: int, callback: Callable[[Counters], None]) -> None:
    """Call `callback` each time the instruction at `address` is about to execute."""
    board.add_marker(address, callback)
