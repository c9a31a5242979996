"""What the verbs share for printing: JSON, tables, numbers with units, step headings."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TextIO


def add_json(parser: argparse.ArgumentParser) -> None:
    """The `--json` option of every verb that reports."""
    parser.add_argument("--json", action="store_true", help="report as JSON on standard output")


def print_json(value: Any) -> None:
    """One JSON document on standard output; numpy scalars and paths become plain values."""
    print(json.dumps(value, indent=2, default=plain))


def plain(value: Any) -> Any:
    """For `json.dumps(default=...)`: numpy scalars and arrays, paths, tuples of either."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value)


def table(rows: Sequence[Sequence[Any]], heads: Sequence[str]) -> str:
    """Columns padded to their widest cell; numbers to the right."""
    cells = [[str(c) for c in row] for row in rows]
    widths = [max(len(row[i]) for row in [list(heads), *cells]) for i in range(len(heads))]
    numeric = [bool(rows) and all(isinstance(row[i], (int, float)) or _is_figure(row[i]) for row in rows)
               for i in range(len(heads))]  # fmt: skip

    def line(row: Sequence[str]) -> str:
        padded = (c.rjust(w) if right else c.ljust(w) for c, w, right in zip(row, widths, numeric, strict=True))
        return "  ".join(padded).rstrip()

    return "\n".join([line(list(heads)), line(["-" * w for w in widths]), *(line(row) for row in cells)])


def pairs(values: Mapping[str, Any], indent: str = "  ") -> str:
    """`name  value` lines, aligned."""
    width = max((len(name) for name in values), default=0)
    return "\n".join(f"{indent}{name.ljust(width)}  {value}" for name, value in values.items())


def kilobytes(count: int) -> str:
    """Bytes for people, exact number included."""
    return f"{count / 1024:.1f} KiB ({count} bytes)"


def millions(count: float) -> str:
    """Large counts for people."""
    return f"{count / 1e6:.2f} M"


class Steps:
    """Numbered step headings with the time each step took."""

    def __init__(self, total: int, out: TextIO | None = None) -> None:
        self._total = total
        self._out = out if out is not None else sys.stderr
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str, what: str) -> Iterator[None]:
        """A heading before and the seconds after; the time is kept under `name` even if the step fails."""
        self._write(f"\n[{len(self.seconds) + 1}/{self._total}] {what}")
        start = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = round(time.monotonic() - start, 2)
        self._write(f"      {name}: {self.seconds[name]:.1f} s")

    def note(self, text: str) -> None:
        """A line under the present heading."""
        self._write(f"      {text}")

    def _write(self, text: str) -> None:
        print(text, file=self._out, flush=True)


def _is_figure(value: Any) -> bool:
    text = str(value).replace(",", "").rstrip("%").strip()
    try:
        float(text)
    except ValueError:
        return text in ("", "-")
    return True
