"""How large the tensor arena must be: measured by booting the image on the virtual board."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kws_tflm.console.protocol import BoardErrorLine, Boot, LineParser, ProfileSummary
from kws_tflm.errors import FirmwareError

ALIGNMENT = 64
SLACK_STEPS = (64, 512, 2048, 8192, 32768)
"""Added to the measured use, one after the other, until the image boots: TFLM's planner needs room of its
own while it plans, which small models do not leave behind."""
BOOT_SECONDS = 5.0
"""Virtual time in which the banner must appear."""


@dataclass(frozen=True)
class BootReport:
    """What the image said first: its arena, or the error that kept it from starting."""

    arena_used: int
    error: str | None


def exact(used: int, slack: int) -> int:
    """`used` plus `slack`, aligned."""
    return -(-(used + slack) // ALIGNMENT) * ALIGNMENT


def boot(elf: Path) -> BootReport:
    """Start `elf` on the virtual board and wait for its banner or its first error.

    Raises:
        FirmwareError: neither came.
    """
    from kws_tflm.virtual_board import Board

    parser = LineParser()
    reports: list[BootReport] = []

    def listen(chunk: bytes) -> None:
        for event in parser.feed(chunk):
            if isinstance(event, (Boot, ProfileSummary)):
                reports.append(BootReport(event.arena_used, None))
            elif isinstance(event, BoardErrorLine):
                reports.append(BootReport(0, f"{event.code}: {event.message}"))

    board = Board(elf, np.zeros(0, np.int16))
    board.on_serial = listen
    board.run(stop=lambda: bool(reports), max_seconds=BOOT_SECONDS)
    if not reports:
        raise FirmwareError(
            f"{elf}: no banner within {BOOT_SECONDS:g} s on the virtual board; run it with kws-tflm run"
        )
    return reports[0]
