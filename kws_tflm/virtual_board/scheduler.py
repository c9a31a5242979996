"""Virtual time: one instruction is one core cycle, idle time is skipped, events fire in order.

The time of day on the board is a count of core cycles. It is block-granular: during a callback from
the middle of a block it already includes the whole block. Deadlines are exact rationals, so periodic
sources (16,000 frames a second, 115,200 baud) do not drift.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from kws_tflm.virtual_board.block_counter import NEVER, BlockCounter


@dataclass(order=True)
class Event:
    """A callback at `cycle`; equal cycles fire in the order of scheduling."""

    cycle: Fraction | int
    order: int
    callback: Callable[[], None] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)
    of_host: bool = field(default=False, compare=False)
    """Belongs to the host, not to the chip: survives a reset."""
    passive: bool = field(default=False, compare=False)
    """Only looks at the time; cannot wake a processor that sleeps."""


class Scheduler:
    """Clock and event queue of the board."""

    def __init__(self, counter: BlockCounter, frequency: int) -> None:
        self._counter = counter
        self._idle_cycles = 0
        self._frequency = frequency
        self._origin_cycle = 0
        self._origin_seconds = Fraction(0)
        self._events: list[Event] = []
        self._order = itertools.count()
        self._slice_end = NEVER

    @property
    def instructions(self) -> int:
        """Instructions issued since power-on."""
        return int(self._counter.state.instructions)

    @property
    def cycle(self) -> int:
        """Core cycles since power-on, idle ones included."""
        return self.instructions + self._idle_cycles

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
        for event in self._events:
            event.cycle = now + (event.cycle - now) * ratio
        heapq.heapify(self._events)
        self._frequency = frequency
        self.stop_soon()

    def at(self, cycle: Fraction | int, callback: Callable[[], None], *, of_host: bool = False) -> Event:
        """Call `callback` at the first block boundary at or after `cycle`."""
        event = Event(cycle, next(self._order), callback, of_host=of_host)
        heapq.heappush(self._events, event)
        self._lower_deadline(math.ceil(cycle))
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
        self._events = [event for event in self._events if event.of_host]
        heapq.heapify(self._events)

    def stop_soon(self) -> None:
        """Return from the running slice at the next block boundary."""
        self._counter.state.deadline = 0

    def run_due(self) -> None:
        """Fire the events whose time has come."""
        while self._events and self._events[0].cycle <= self.cycle:
            event = heapq.heappop(self._events)
            if not event.cancelled:
                event.callback()

    def next_cycle(self) -> int | None:
        """Cycle of the next event, or None."""
        while self._events and self._events[0].cancelled:
            heapq.heappop(self._events)
        return math.ceil(self._events[0].cycle) if self._events else None

    def can_wake(self) -> bool:
        """Some event of the chip, or one of the host that may bring input, is to come."""
        return any(not event.cancelled and not event.passive for event in self._events)

    def arm(self, slice_instructions: int) -> None:
        """Set the native deadline: the next event, or the end of a slice of that many instructions."""
        state = self._counter.state
        deadline = state.instructions + slice_instructions
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
