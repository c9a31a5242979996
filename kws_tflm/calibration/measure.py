"""Runs an image on the virtual board and reads the counters each time that a label is reached."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kws_tflm.calibration.image import DONE
from kws_tflm.errors import BoardError
from kws_tflm.virtual_board import Board
from kws_tflm.virtual_board.timing import Counters, TimingOptions

_LIMIT = 400_000_000  # instructions; the largest image needs a tenth


@dataclass(frozen=True)
class Visit:
    """The instruction at `label` was about to execute."""

    label: str
    counters: Counters


def visits(elf: Path, labels: Iterable[str], done: str = DONE) -> list[Visit]:
    """Run `elf` until `done` with the cycle model; every visit of a label, in order.

    Raises:
        BoardError: no such label, a fault, or `done` is not reached.
    """
    board = Board(elf, timing=TimingOptions())
    seen: list[Visit] = []

    def watch(label: str) -> None:
        board.add_marker(board.image.require(label) & ~1, lambda counters: seen.append(Visit(label, counters)))

    for label in labels:
        watch(label)
    finished: list[Counters] = []

    def finish(counters: Counters) -> None:
        finished.append(counters)
        board.stop()

    board.add_marker(board.image.require(done) & ~1, finish)
    result = board.run(max_instructions=_LIMIT)
    if not finished:
        where = result.fault.summary if result.fault is not None and hasattr(result.fault, "summary") else result.reason
        raise BoardError(f"{elf.name} did not reach {done}: {where}")
    return seen


def last_windows(seen: Iterable[Visit], end: str) -> dict[str, Counters]:
    """For each label but `end`: counters from its last visit to the `end` that follows it."""
    windows: dict[str, Counters] = {}
    open_label, opened = None, None
    for visit in seen:
        if visit.label != end:
            open_label, opened = visit.label, visit.counters
        elif open_label is not None and opened is not None:
            windows[open_label] = visit.counters - opened
            open_label = None
    return windows
