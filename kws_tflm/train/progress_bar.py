"""A bar at the bottom of a terminal that says how far a phase is; nothing where there is no terminal."""

from __future__ import annotations

from typing import TextIO

from tqdm import tqdm

_FORMAT = "{desc} |{bar:30}| {n:.2f} of {total} epochs, {remaining} left"


class ProgressBar:
    """Draws on `stream` if that is a terminal, and lets whole lines pass above the bar."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._phase = ""
        self._bar: tqdm[None] | None = None

    def say(self, line: str) -> None:
        """A line for people, with or without a terminal."""
        tqdm.write(line, file=self._stream)
        self._stream.flush()

    def tick(self, phase: str, epochs: int, done: float) -> None:
        """`done` epochs of the `epochs` of `phase` are done, the last of them in part.

        The time left is that of the phase, from the pace since this object first heard of it.
        """
        if self._bar is None or phase != self._phase:
            if self._bar is not None:
                self._bar.close()
            self._phase = phase
            self._bar = tqdm(
                total=epochs,
                initial=done,
                desc=phase,
                bar_format=_FORMAT,
                file=self._stream,
                disable=None,
                leave=False,
                smoothing=0,
            )
        self._bar.update(done - self._bar.n)
        if done >= epochs:
            self._bar.close()
