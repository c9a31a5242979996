r"""The console's line protocol, version 1: bytes in, typed events out. Pure: no port, no clock, no printing.

A line is ``KWS1 <type> key=value ... *HH\r\n``. A value has no space unless it stands in double quotes,
where ``\"`` and ``\\`` are escapes; ``HH`` is the XOR of all bytes before the `` *``, as two upper-case
hexadecimal digits. The grammar and every key are documented in docs/console.md.

`LineParser` never raises on what a port delivers: bytes that are no valid line become `Unparsed` events
that say why, and the line after the next newline is read as if nothing had happened.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import xor

VERSION = 1
MAX_LINE_BYTES = 1024

_START = re.compile(rb"KWS(\d{1,6}) ")
_FIELD = re.compile(r' ([A-Za-z_]\w*)=("(?:[^"\\]|\\["\\])*"|[^\s"]*)', re.ASCII)
_KIND = re.compile(r" ([a-z_]+)", re.ASCII)
_INTEGER = re.compile(r"-?\d{1,20}", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,9}(\.\d{1,9})?", re.ASCII)

Fields = Mapping[str, str]


@dataclass(frozen=True)
class Boot:
    """The banner: which firmware, which configuration, which model, and whether it fits."""

    firmware: str
    board: str
    config: str
    model: str
    model_bytes: int
    arena_used: int
    arena_size: int
    clock: int
    """Core clock in Hz."""
    labels: tuple[str, ...]
    hop: int
    """Samples a hop."""
    hops_per_inference: int
    extra: Fields = field(default_factory=dict)


@dataclass(frozen=True)
class Ready:
    """The microphone runs and the board listens."""

    extra: Fields = field(default_factory=dict)


@dataclass(frozen=True)
class Detection:
    """A keyword was heard."""

    word: str
    score: float
    """Smoothed score, 0 to 1."""
    sample: int
    """End of the window that tipped it, in samples since the start."""
    cycles: int
    """DWT cycles of that inference."""
    extra: Fields = field(default_factory=dict)


@dataclass(frozen=True)
class Stats:
    """Counters since the start, and the load."""

    samples: int
    hops: int
    inferences: int
    detections: int
    overruns: int
    rx_dropped: int
    tx_dropped: int
    feat_cycles_avg: int
    feat_cycles_max: int
    infer_cycles_avg: int
    infer_cycles_max: int
    load_permille: int
    uptime_ms: int
    extra: Fields = field(default_factory=dict)


@dataclass(frozen=True)
class OperatorCycles:
    """One operator of the last inference; the answer to `profile` is a line an operator, in the model's order."""

    index: int
    operators: int
    """Operators of the model."""
    name: str
    cycles: int
    total: int
    """Cycles of the whole inference."""
    extra: Fields = field(default_factory=dict)


@dataclass(frozen=True)
class ProfileSummary:
    """The last line of a profile image (docs/profile.md)."""

    board: str
    model: str
    model_bytes: int
    arena_used: int
    arena_size: int
    clock: int
    """Core clock in Hz."""
    output_crc: str
    """CRC-32 of the first output, as 0x and eight hexadecimal digits."""
    total: int
    """Cycles of the second inference."""
    extra: Fields = field(default_factory=dict)


@dataclass(frozen=True)
class BoardErrorLine:
    """The board reports an error; codes are listed in docs/console.md."""

    code: str
    message: str
    extra: Fields = field(default_factory=dict)


@dataclass(frozen=True)
class Ok:
    """A command was taken; `kind` is ``ok`` or ``help``."""

    kind: str
    extra: Fields = field(default_factory=dict)


@dataclass(frozen=True)
class Unparsed:
    """Bytes that are no valid line. `raw` has at most `MAX_LINE_BYTES` bytes, without the line end."""

    raw: bytes
    reason: str


Event = Boot | Ready | Detection | Stats | OperatorCycles | ProfileSummary | BoardErrorLine | Ok | Unparsed


class _LineError(Exception):
    """Why a line is not valid; never leaves this module."""


def checksum(body: bytes) -> int:
    """XOR of all bytes of `body`."""
    return reduce(xor, body, 0)


def encode(kind: str, fields: Mapping[str, object], version: int = VERSION) -> bytes:
    """Write one line as the firmware does (used by fake boards and tests); the inverse of the parser."""
    parts = [f"KWS{version} {kind}"]
    for key, value in fields.items():
        text = str(value)
        if not text or re.search(r'[\s"\\]', text):
            text = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
        parts.append(f"{key}={text}")
    body = " ".join(parts).encode()
    return body + f" *{checksum(body):02X}\r\n".encode()


def parse_line(line: bytes) -> Event:
    """Read one line without its line end."""
    try:
        return _parse(line)
    except _LineError as error:
        return Unparsed(line, str(error))


class LineParser:
    """Joins chunks into lines and reads them; any chunking of the same bytes gives the same events.

    At most `max_line` bytes are held. Of a longer line the tail is kept, so that a valid line which
    follows a flood of garbage without a newline is still found.
    """

    def __init__(self, max_line: int = MAX_LINE_BYTES) -> None:
        self._max_line = max_line
        self._buffer = b""
        self._overlong = False

    def feed(self, data: bytes) -> list[Event]:
        """Take the next bytes from the port; returns the events of the lines completed by them."""
        events: list[Event] = []
        *complete, rest = data.split(b"\n")
        for piece in complete:
            self._append(piece)
            events.extend(self._take_line())
        self._append(rest)
        return events

    def close(self) -> list[Event]:
        """The stream ended or broke: a half line that is left becomes an event, the state is cleared."""
        if not self._buffer.strip():
            self._buffer, self._overlong = b"", False
            return []
        return self._take_line()

    def _append(self, piece: bytes) -> None:
        joined = self._buffer + piece
        if len(joined) > self._max_line:
            self._overlong = True
            joined = joined[-self._max_line :]
        self._buffer = joined

    def _take_line(self) -> list[Event]:
        line, overlong = self._buffer.rstrip(b"\r"), self._overlong
        self._buffer, self._overlong = b"", False
        if not line.strip():
            return []
        event = Unparsed(line, f"longer than {self._max_line} bytes") if overlong else parse_line(line)
        if not isinstance(event, Unparsed):
            return [event]
        # A board that is reset in the middle of a line starts its banner behind the half line.
        for start in _START.finditer(line, 0 if overlong else 1):
            inner = parse_line(line[start.start() :])
            if not isinstance(inner, Unparsed):
                return [Unparsed(line[: start.start()], "half a line, then a whole one"), inner]
        return [event]


def _parse(line: bytes) -> Event:
    start = _START.match(line)
    if start is None:
        raise _LineError("not a KWS line")
    version = int(start[1])
    if version != VERSION:
        raise _LineError(f"protocol version {version}, this tool reads version {VERSION}: update kws-tflm")
    body, mark, digits = line[:-4], line[-4:-2], line[-2:]
    if mark != b" *" or not re.fullmatch(rb"[0-9A-F]{2}", digits):
        raise _LineError("no checksum at the end: the line is incomplete")
    if checksum(body) != int(digits, 16):
        raise _LineError(f"checksum is {digits.decode()}, not {checksum(body):02X}: bytes were lost or changed")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise _LineError("not UTF-8") from None
    kind = _KIND.match(text, start.end() - 1)
    if kind is None:
        raise _LineError("no line type")
    reader = _READERS.get(kind[1])
    if reader is None:
        raise _LineError(f"unknown line type '{kind[1]}': update kws-tflm")
    return reader(_Fields(_split_fields(text, kind.end())))


def _split_fields(text: str, position: int) -> dict[str, str]:
    fields: dict[str, str] = {}
    while position < len(text):
        match = _FIELD.match(text, position)
        if match is None:
            raise _LineError(f"malformed near {text[position : position + 20]!r}")
        key, value = match[1], match[2]
        if key in fields:
            raise _LineError(f"key '{key}' twice")
        fields[key] = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
        position = match.end()
    return fields


class _Fields:
    """Takes fields out by name and type; what is left over is `rest` (keys of later firmware)."""

    def __init__(self, fields: dict[str, str]) -> None:
        self.rest = fields

    def text(self, key: str) -> str:
        if key not in self.rest:
            raise _LineError(f"key '{key}' is missing")
        return self.rest.pop(key)

    def integer(self, key: str) -> int:
        value = self.text(key)
        if not _INTEGER.fullmatch(value):
            raise _LineError(f"'{key}' is not a whole number")
        return int(value)

    def number(self, key: str) -> float:
        value = self.text(key)
        if not _NUMBER.fullmatch(value):
            raise _LineError(f"'{key}' is not a number")
        return float(value)


def _boot(f: _Fields) -> Boot:
    return Boot(
        firmware=f.text("fw"),
        board=f.text("board"),
        config=f.text("config"),
        model=f.text("model"),
        model_bytes=f.integer("model_bytes"),
        arena_used=f.integer("arena_used"),
        arena_size=f.integer("arena_size"),
        clock=f.integer("clock"),
        labels=tuple(f.text("labels").split(",")),
        hop=f.integer("hop"),
        hops_per_inference=f.integer("hops_per_inference"),
        extra=f.rest,
    )


def _detection(f: _Fields) -> Detection:
    return Detection(f.text("word"), f.number("score"), f.integer("sample"), f.integer("cycles"), f.rest)


def _stats(f: _Fields) -> Stats:
    counters = {key: f.integer(key) for key in Stats.__dataclass_fields__ if key != "extra"}
    return Stats(**counters, extra=f.rest)


def _operator(f: _Fields) -> OperatorCycles:
    index, operators = f.integer("index"), f.integer("operators")
    if not 0 <= index < operators:
        raise _LineError("'index' is not below 'operators'")
    return OperatorCycles(index, operators, f.text("name"), f.integer("cycles"), f.integer("total"), f.rest)


def _profile(f: _Fields) -> ProfileSummary:
    return ProfileSummary(
        board=f.text("board"),
        model=f.text("model"),
        model_bytes=f.integer("model_bytes"),
        arena_used=f.integer("arena_used"),
        arena_size=f.integer("arena_size"),
        clock=f.integer("clock"),
        output_crc=f.text("output_crc"),
        total=f.integer("total"),
        extra=f.rest,
    )


_READERS: dict[str, Callable[[_Fields], Event]] = {
    "boot": _boot,
    "ready": lambda f: Ready(f.rest),
    "det": _detection,
    "stats": _stats,
    "prof": _operator,
    "profile": _profile,
    "err": lambda f: BoardErrorLine(f.text("code"), f.text("msg"), f.rest),
    "ok": lambda f: Ok("ok", f.rest),
    "help": lambda f: Ok("help", f.rest),
}
