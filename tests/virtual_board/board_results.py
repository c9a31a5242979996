"""Reads what the test images leave in memory (images/start.h)."""

from __future__ import annotations

import struct
from pathlib import Path

from kws_tflm.virtual_board import Board

_RESULT, _FINISHED = 0x20000000, 0x600D


def results(board: Board, count: int) -> list[int]:
    """The first words of RESULT."""
    return list(struct.unpack(f"<{count}I", board.read_memory(_RESULT, 4 * count)))


def finished(board: Board) -> bool:
    """`main` of the image has returned."""
    return results(board, 16)[15] == _FINISHED


def run_image(elf: Path, max_seconds: float = 1.0) -> Board:
    """A board that has run `elf` to the end of its `main`."""
    board = Board(elf)
    result = board.run(stop=lambda: finished(board), max_seconds=max_seconds)
    assert result.reason == "stop", result
    return board
