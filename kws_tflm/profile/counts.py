"""The one place that asks the virtual board for instructions, cycles, stalls and misses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unicorn import UC_HOOK_CODE

from kws_tflm.virtual_board import Board

CACHES = ("on", "off")


@dataclass(frozen=True)
class Counts:
    """Counters at one moment, or between two."""

    instructions: int
    cycles: int
    stalls: Mapping[str, int] = field(default_factory=dict)
    """Cycles lost, by cause."""
    icache_misses: int = 0
    dcache_misses: int = 0

    def __sub__(self, earlier: Counts) -> Counts:
        causes = self.stalls.keys() | earlier.stalls.keys()
        return Counts(
            self.instructions - earlier.instructions,
            self.cycles - earlier.cycles,
            {cause: self.stalls.get(cause, 0) - earlier.stalls.get(cause, 0) for cause in sorted(causes)},
            self.icache_misses - earlier.icache_misses,
            self.dcache_misses - earlier.dcache_misses,
        )


def open_board(elf: Path, caches: str = "on") -> Board:
    """A board for `elf` that models cycles if it can; the caches as the image sets them, or off."""
    return Board(elf)


def is_timed(board: Board) -> bool:
    """Whether cycles are modelled."""
    return False


def read_counts(board: Board) -> Counts:
    """Now; from a callback of the board exact to the instruction."""
    return Counts(board.instructions, board.instructions)


def on_arrival(board: Board, address: int, callback: Callable[[Counts], None]) -> None:
    """Call `callback` each time the instruction at `address` is about to execute."""

    def arrive(engine: Any, at: int, size: int, user: Any) -> None:
        callback(read_counts(board))

    board._machine.cpu.engine.hook_add(UC_HOOK_CODE, arrive, begin=address & ~1, end=address & ~1)


class FunctionMeter:
    """Counts by function between `start` and `stop`."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def start(self) -> None:
        """The window begins."""

    def stop(self) -> None:
        """The window has ended."""

    def functions(self) -> list[tuple[str, Counts]]:
        """(name, counts), most cycles first."""
        return []
