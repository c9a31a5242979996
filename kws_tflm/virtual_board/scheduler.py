"""Virtual time: the core's cycles (modelled, or one an instruction), idle time is skipped, events fire in order.

The time of day on the board is a count of core cycles. It is block-granular: during a callback from
the middle of a block it already includes the whole block. Deadlines are exact rationals, so periodic
sources (16,000 frames a second, 115,200 baud) do not drift.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from kws_tflm.virtual_board.block_counter import NEVER, BlockCounter


@dataclass
class Event:
    """A callback at `cycle`."""

    cycle: Fraction | int
    callback: Callable[[], None]
    cancelled: bool = False
    of_host: bool = False
    """Belongs to the host, not to the chip: survives a reset."""
    passive: bool = False
    """Only looks at the time; cannot wake a processor that sleeps."""


class Scheduler:
    """Clock and event queue of the board."""

    def __init__(self, counter: BlockCounter, frequency: int) -> None:
        self._counter = counter
        self._idle_cycles = 0
        self._frequency = frequency
        self._origin_cycle = 0
        self._origin_seconds = Fraction(0)
        self._queue: list[tuple[int, int, Event]] = []  # (first whole cycle, order of scheduling, event)
        self._order = itertools.count()
        self._slice_end = NEVER

    @property
    def instructions(self) -> int:
        """Instructions issued since power-on."""
        return int(self._counter.state.instructions)

    @property
    def cycle(self) -> int:
        """Core cycles since power-on, idle ones included."""
        return self.awake_cycles + self._idle_cycles

    @property
    def awake_cycles(self) -> int:
        """Core cycles since power-on without the idle ones."""
        return int(self._counter.state.clock)

    @property
    def idle_cycles(self) -> int:
        """Core cycles spent asleep."""
        return self._idle_cycles

    @property
    def frequency(self) -> int:
        """Core clock (HCLK) in Hz."""
        return self._frequency

    @property
    def seconds(self) -> float:
        """Virtual seconds since power-on."""
        return float(self.exact_seconds)

    @property
    def exact_seconds(self) -> Fraction:
        """The same without rounding."""
        return self._origin_seconds + Fraction(self.cycle - self._origin_cycle, self._frequency)

    def cycle_at(self, seconds: Fraction) -> int:
        """First core cycle at or after that time, if the clock stays as it is."""
        return self._origin_cycle + math.ceil((seconds - self._origin_seconds) * self._frequency)

    def set_frequency(self, frequency: int) -> None:
        """Change the core clock now; pending events keep their time in seconds."""
        if frequency == self._frequency:
            return
        now = self.cycle
        self._origin_seconds += Fraction(now - self._origin_cycle, self._frequency)
        self._origin_cycle = now
        ratio = Fraction(frequency, self._frequency)
        for _, _, event in self._queue:
            event.cycle = now + (event.cycle - now) * ratio
        self._queue = [(math.ceil(event.cycle), order, event) for _, order, event in self._queue]
        heapq.heapify(self._queue)
        self._frequency = frequency
        self.stop_soon()

    def at(self, cycle: Fraction | int, callback: Callable[[], None], *, of_host: bool = False) -> Event:
        """Call `callback` at the first block boundary at or after `cycle`."""
        event = Event(cycle, callback, of_host=of_host)
        first = math.ceil(cycle)
        heapq.heappush(self._queue, (first, next(self._order), event))
        self._lower_deadline(first)
        return event

    def after_seconds(self, seconds: Fraction | float, callback: Callable[[], None], *, of_host: bool = False) -> Event:
        """Call `callback` after `seconds`; a change of the core clock in between keeps the time."""
        return self.at(self.cycle + Fraction(seconds) * self._frequency, callback, of_host=of_host)

    @staticmethod
    def cancel(event: Event | None) -> None:
        """Forget `event`; None and fired events are allowed."""
        if event is not None:
            event.cancelled = True

    def clear(self) -> None:
        """Forget the events of the chip (reset)."""
        self._queue = [entry for entry in self._queue if entry[2].of_host]
        heapq.heapify(self._queue)

    def stop_soon(self) -> None:
        """Return from the running slice at the next block boundary."""
        self._counter.state.deadline = 0

    def run_due(self) -> None:
        """Fire the events whose time has come."""
        while self._queue and self._queue[0][0] <= self.cycle:
            event = heapq.heappop(self._queue)[2]
            if not event.cancelled:
                event.callback()

    def next_cycle(self) -> int | None:
        """Cycle of the next event, or None."""
        while self._queue and self._queue[0][2].cancelled:
            heapq.heappop(self._queue)
        return self._queue[0][0] if self._queue else None

    def can_wake(self) -> bool:
        """Some event of the chip, or one of the host that may bring input, is to come."""
        return any(not event.cancelled and not event.passive for _, _, event in self._queue)

    def arm(self, slice_cycles: int) -> None:
        """Set the native deadline: the next event, or the end of a slice of that many cycles."""
        state = self._counter.state
        deadline = state.clock + slice_cycles
        following = self.next_cycle()
        if following is not None:
            deadline = min(deadline, max(0, following - self._idle_cycles))
        state.deadline = deadline

    def skip_to(self, cycle: int) -> None:
        """Sleep: move time forward to `cycle` without executing anything."""
        self._idle_cycles += max(0, cycle - self.cycle)

    def _lower_deadline(self, cycle: int) -> None:
        state = self._counter.state
        state.deadline = min(state.deadline, max(0, cycle - self._idle_cycles))
