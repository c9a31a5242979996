"""Rows as curves: latency over sparsity, and where a method overtakes another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kws_tflm.bench.break_even import break_even
from kws_tflm.bench.paper.study import Row


@dataclass(frozen=True)
class Curve:
    """One method; the dense ones have a single point."""

    layer: str
    element: str
    method: str
    pattern: str
    caches: str
    points: tuple[Row, ...]
    """By sparsity."""

    def at(self, sparsity: float) -> Row:
        """The point at `sparsity`; of a dense method the only one."""
        return next((row for row in self.points if row.sparsity == sparsity), self.points[0])

    def break_even(self, rival: Row) -> float | None:
        """Smallest sparsity from which the curve stays at or below `rival`, interpolated; None if it never does."""
        return break_even([(row.sparsity, row.cycles) for row in self.points], rival.cycles)


def curves(rows: Sequence[Row]) -> list[Curve]:
    """In the order in which they first appear."""
    groups: dict[tuple[str, str, str, str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.layer, row.element, row.method, row.pattern, row.caches), []).append(row)
    return [Curve(*key, tuple(sorted(group, key=lambda row: row.sparsity))) for key, group in groups.items()]


def select(all_curves: Sequence[Curve], *, layer: str, element: str, caches: str, pattern: str) -> dict[str, Curve]:
    """Method -> curve of one panel; the dense methods belong to every pattern."""
    return {
        curve.method: curve
        for curve in all_curves
        if (curve.layer, curve.element, curve.caches) == (layer, element, caches) and curve.pattern in (pattern, "none")
    }
