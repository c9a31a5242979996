"""One line at the bottom of a terminal that says how far a phase is; nothing where there is no terminal."""

from __future__ import annotations

import shutil
import time
from typing import TextIO

_WIDTH = 30
_REFRESH_SECONDS = 0.2


class ProgressBar:
    """Draws on `stream` if that is a terminal, and lets whole lines pass above the bar."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._live = stream.isatty()
        self._drawn = False
        self._next = 0.0
        self._phase = ""
        self._started, self._started_at = 0.0, 0.0

    def say(self, line: str) -> None:
        """A line for people, with or without a terminal."""
        if self._drawn:
            self._stream.write("\r\x1b[K")
            self._drawn = False
        print(line, file=self._stream, flush=True)

    def tick(self, phase: str, epochs: int, done: float) -> None:
        """`done` epochs of the `epochs` of `phase` are done, the last of them in part.

        The time left is that of the phase, from the pace since this object first heard of it.
        """
        now = time.monotonic()
        if phase != self._phase:
            self._phase, self._started, self._started_at = phase, done, now
        if not self._live or now < self._next:
            return
        self._next = now + _REFRESH_SECONDS
        filled = int(_WIDTH * done / epochs)
        bar = "#" * filled + "." * (_WIDTH - filled)
        line = f"{phase} [{bar}] epoch {min(int(done) + 1, epochs)}/{epochs}, {done % 1:.0%}"
        if done - self._started > 0.05:
            line += f", {_clock((epochs - done) * (now - self._started_at) / (done - self._started))} left"
        self._stream.write("\r\x1b[K" + line[: shutil.get_terminal_size().columns - 1])
        self._stream.flush()
        self._drawn = True


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return (
        f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}" if whole >= 3600 else f"{whole // 60}:{whole % 60:02}"
    )
