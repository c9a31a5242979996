"""One comparison a row, and what a group of rows comes to."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A prediction beside a published figure, both in core cycles.

    `scored` rows enter the summary; the others (another compiler, another library version, a compiler's
    scheduling model) are shown for orientation only.
    """

    group: str
    name: str
    predicted: float
    published: float
    source: str
    basis: str
    scored: bool = True
    instructions: int = 0
    note: str = ""

    @property
    def error(self) -> float:
        """Relative error of the prediction; +0.1 is 10 % too many cycles."""
        return self.predicted / self.published - 1.0


@dataclass(frozen=True)
class Summary:
    """Errors of the scored rows of one group."""

    rows: int
    median: float
    """Median of the signed errors."""
    mean_absolute: float
    worst: Row
    within_10: int
    within_15: int


def summarise(rows: Sequence[Row]) -> Summary | None:
    """Errors of the scored rows, or None when there is none."""
    scored = [row for row in rows if row.scored]
    if not scored:
        return None
    errors = [row.error for row in scored]
    return Summary(
        rows=len(scored),
        median=statistics.median(errors),
        mean_absolute=statistics.fmean(abs(e) for e in errors),
        worst=max(scored, key=lambda row: abs(row.error)),
        within_10=sum(abs(e) <= 0.10 + 1e-9 for e in errors),
        within_15=sum(abs(e) <= 0.15 + 1e-9 for e in errors),
    )
