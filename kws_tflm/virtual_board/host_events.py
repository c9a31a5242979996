"""Points of virtual time that the host, not the chip, is interested in."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from kws_tflm.virtual_board.scheduler import Scheduler

_POLL_SECONDS = Fraction(1, 1000)


class Alarm:
    """A host event that stops the slice at a point of virtual time; `rang` afterwards."""

    def __init__(self, scheduler: Scheduler, seconds: float) -> None:
        self.rang = False
        self._event = scheduler.after_seconds(Fraction(seconds), self._ring, of_host=True)
        self._event.passive = True

    def _ring(self) -> None:
        self.rang = True

    def cancel(self) -> None:
        """No longer wanted."""
        Scheduler.cancel(self._event)


class Poll:
    """Calls a host function every millisecond of virtual time."""

    def __init__(self, scheduler: Scheduler, callback: Callable[[], None]) -> None:
        self._scheduler = scheduler
        self._callback = callback
        self._event = scheduler.after_seconds(_POLL_SECONDS, self._ring, of_host=True)

    def _ring(self) -> None:
        self._event = self._scheduler.after_seconds(_POLL_SECONDS, self._ring, of_host=True)
        self._callback()

    def cancel(self) -> None:
        """No longer wanted."""
        Scheduler.cancel(self._event)
