"""The console for a reader: one line an event, the keyword standing out, a summary at the end.

With `as_json` each event is one JSON object a line instead, for other programs.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections import Counter
from typing import Any, TextIO

from kws_tflm.console.protocol import (
    BoardErrorLine,
    Boot,
    Detection,
    Event,
    LineParser,
    Ok,
    OperatorCycles,
    ProfileSummary,
    Ready,
    Stats,
    Unparsed,
)

SAMPLE_RATE = 16000
_BOLD_GREEN, _RED, _DIM, _RESET = "\x1b[1;32m", "\x1b[31m", "\x1b[2m", "\x1b[0m"
_NAMES = {
    Boot: "boot",
    Ready: "ready",
    Detection: "det",
    Stats: "stats",
    OperatorCycles: "prof",
    ProfileSummary: "profile",
    BoardErrorLine: "err",
    Unparsed: "unparsed",
}


class ConsoleView:
    """Feeds bytes through a `LineParser`, writes each event to `out` as it comes, and keeps the tally.

    `events` holds every valid event in order; `unparsed` counts the rest.
    """

    def __init__(self, out: TextIO | None = None, *, as_json: bool = False, colour: bool | None = None) -> None:
        self._out = out if out is not None else sys.stdout
        self._as_json = as_json
        self._colour = wants_colour(self._out) if colour is None else colour
        self._parser = LineParser()
        self.events: list[Event] = []
        self.unparsed = 0

    def feed(self, data: bytes) -> list[Event]:
        """Take the next bytes from the board; returns the events that they completed."""
        return self._show(self._parser.feed(data))

    def interrupted(self) -> None:
        """The connection broke: what is left of a line will not be continued."""
        self._show(self._parser.close())

    @property
    def detections(self) -> list[Detection]:
        """Keywords heard so far."""
        return [e for e in self.events if isinstance(e, Detection)]

    @property
    def board_errors(self) -> list[BoardErrorLine]:
        """Errors that the board has reported so far."""
        return [e for e in self.events if isinstance(e, BoardErrorLine)]

    @property
    def last_stats(self) -> Stats | None:
        """The newest statistics line."""
        return next((e for e in reversed(self.events) if isinstance(e, Stats)), None)

    def summary(self) -> dict[str, Any]:
        """Totals since the start, as plain values."""
        stats = self.last_stats
        words = Counter(d.word for d in self.detections)
        return {
            "detections": sum(words.values()),
            "words": dict(sorted(words.items())),
            "errors": dict(sorted(Counter(e.code for e in self.board_errors).items())),
            "unparsed": self.unparsed,
            "overruns": stats.overruns if stats else None,
        }

    def finish(self) -> None:
        """Flush a half line and write the summary."""
        self.interrupted()
        summary = self.summary()
        if self._as_json:
            self._write(json.dumps({"event": "summary", **summary}))
            return
        words = ", ".join(f"{word} {n}" for word, n in summary["words"].items())
        parts = [f"{summary['detections']} detections" + (f" ({words})" if words else "")]
        if summary["errors"]:
            parts.append("board errors " + ", ".join(f"{code} x{n}" for code, n in summary["errors"].items()))
        if summary["overruns"]:
            parts.append(f"{summary['overruns']} overruns")
        if self.unparsed:
            parts.append(f"{self.unparsed} unreadable lines")
        self._write("-- " + ", ".join(parts))

    def _show(self, events: list[Event]) -> list[Event]:
        for event in events:
            if isinstance(event, Unparsed):
                self.unparsed += 1
            else:
                self.events.append(event)
            self._show_event(event)
        return events

    def _show_event(self, event: Event) -> None:
        """One event on `out`; a view for a special purpose overrides it."""
        self._write(json.dumps(to_json(event)) if self._as_json else self._paint(event))

    def _paint(self, event: Event) -> str:
        text = describe(event)
        if not self._colour:
            return text
        if isinstance(event, Detection):
            return text.replace(f"  {event.word}", f"  {_BOLD_GREEN}{event.word}{_RESET}", 1)
        if isinstance(event, BoardErrorLine):
            return _RED + text + _RESET
        return _DIM + text + _RESET if isinstance(event, Unparsed) else text

    def _write(self, text: str) -> None:
        print(text, file=self._out, flush=True)


def wants_colour(out: TextIO) -> bool:
    """Colour on a terminal, unless NO_COLOR is set (https://no-color.org)."""
    return out.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def to_json(event: Event) -> dict[str, Any]:
    """An event as one flat JSON object; ``event`` names its type, later firmware's keys are kept."""
    if isinstance(event, Unparsed):
        return {"event": "unparsed", "raw": event.raw.decode("utf-8", "replace"), "reason": event.reason}
    fields = {f.name: getattr(event, f.name) for f in dataclasses.fields(event) if f.name not in ("extra", "kind")}
    kind = event.kind if isinstance(event, Ok) else _NAMES[type(event)]
    return {"event": kind, **{k: v for k, v in event.extra.items() if k not in fields}, **fields}


def describe(event: Event) -> str:
    """An event as one line for people; the first and last line of a profile bring its head and its total."""
    match event:
        case Boot():
            return (
                f"boot: firmware {event.firmware} on {event.board} at {event.clock / 1e6:g} MHz, "
                f"model {event.model} ({event.model_bytes} bytes, configuration {event.config}), "
                f"arena {event.arena_used} of {event.arena_size} bytes, "
                f"an inference every {event.hop * event.hops_per_inference * 1000 / SAMPLE_RATE:g} ms; "
                f"listens for {' '.join(label for label in event.labels if not label.startswith('_'))}"
            )
        case Ready():
            return "ready: the microphone is on"
        case Detection():
            return (
                f"{event.sample / SAMPLE_RATE:9.2f} s  {event.word:<10} {event.score:5.3f}  {event.cycles:>10} cycles"
            )
        case Stats():
            return (
                f"stats: up {event.uptime_ms / 1000:.1f} s, load {event.load_permille / 10:g} %, "
                f"{event.inferences} inferences (avg {event.infer_cycles_avg}, max {event.infer_cycles_max} cycles), "
                f"features avg {event.feat_cycles_avg} cycles, {event.detections} detections, "
                f"{event.overruns} overruns, dropped rx {event.rx_dropped} tx {event.tx_dropped}"
            )
        case OperatorCycles():
            return _operator(event)
        case ProfileSummary():
            return (
                f"profile: model {event.model} on {event.board}, {event.total} cycles, "
                f"arena {event.arena_used} of {event.arena_size} bytes, output CRC {event.output_crc}"
            )
        case BoardErrorLine():
            return f"board error {event.code}: {event.message}" + _extra(event.extra)
        case Ok():
            return f"{event.kind}:" + _extra(event.extra)
        case Unparsed():
            shown = event.raw[:60].decode("utf-8", "replace")
            printable = "".join(c if c.isprintable() else "\N{MIDDLE DOT}" for c in shown)
            return f"? {printable}{'...' if len(event.raw) > 60 else ''}  [{event.reason}]"


def _operator(event: OperatorCycles) -> str:
    row = "{:>3}  {:<20}  {:>11}  {:>6}".format
    share = f"{100 * event.cycles / max(1, event.total):.1f}%"
    lines = [row(event.index, event.name.removeprefix("KWS_"), f"{event.cycles:,}", share)]
    if event.index == 0:
        lines = [row("#", "operator", "cycles", "share"), row("-" * 3, "-" * 20, "-" * 11, "-" * 6), *lines]
    if event.index == event.operators - 1:
        lines.append(row("", "total", f"{event.total:,}", ""))
    return "\n".join(line.rstrip() for line in lines)


def _extra(fields: Any) -> str:
    return "".join(f" {key}={value}" for key, value in fields.items())
