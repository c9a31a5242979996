"""The board that profiles are taken on."""

from __future__ import annotations

from pathlib import Path

from kws_tflm.virtual_board import Board
from kws_tflm.virtual_board.timing import TimingOptions


def open_board(elf: Path, caches: str = "on") -> Board:
    """A board for `elf` that models cycles; caches ``on`` as the image sets them, or ``off`` whatever it does."""
    return Board(elf, timing=TimingOptions(caches="off" if caches == "off" else "firmware"))
