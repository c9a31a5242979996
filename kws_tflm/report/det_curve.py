"""Miss rate against false alarms an hour (a DET curve), one line a smoothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from kws_tflm.errors import DataError

COLOURS = ("#2a7f3f", "#4c6fb1", "#c77700", "#8a5fa8", "#b3261e", "#3b9c9c", "#7a8794", "#d46a9f")


class CurvePoint(Protocol):
    """What is drawn of a point; `kws_tflm.stream.sweep.Point` has it."""

    @property
    def threshold(self) -> float:
        """0 to 1."""

    @property
    def smoothing(self) -> int:
        """Inferences averaged."""

    @property
    def miss_rate(self) -> float | None:
        """0 to 1."""

    @property
    def miss_rate_limits(self) -> tuple[float, float] | None:
        """95 %."""

    @property
    def false_alarms_per_hour(self) -> float:
        """Rate."""


def draw_det_curve(
    points: Sequence[CurvePoint],
    path: Path,
    title: str,
    hours: float,
    chosen: CurvePoint | None = None,
    configured: CurvePoint | None = None,
) -> None:
    """Write a PNG. Zero false alarms stand at half of one.

    The band is the 95 % confidence of the miss rate, for the smoothing of `chosen` (else of `configured`).

    Raises:
        DataError: the points have no miss rate (a stream without words).
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if any(point.miss_rate is None for point in points):
        raise DataError("a stream without words has no miss rate to draw; leave out --plot")
    figure = Figure(figsize=(8, 5.5), layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.subplots()
    floor = 0.5 / hours
    smoothings = list(dict.fromkeys(point.smoothing for point in points))
    marked = chosen or configured
    banded = marked.smoothing if marked is not None else smoothings[0]
    for number, smoothing in enumerate(smoothings):
        line = [p for p in points if p.smoothing == smoothing]
        _line(axis, line, COLOURS[number % len(COLOURS)], floor, band=smoothing == banded)
    for mark, name, colour in ((configured, "configured", "#000000"), (chosen, "chosen", "#b3261e")):
        if mark is not None:
            axis.plot(
                max(floor, mark.false_alarms_per_hour),
                100.0 * (mark.miss_rate or 0.0),
                "o" if name == "chosen" else "s",
                color=colour,
                fillstyle="none",
                markersize=9,
                label=f"{name}: threshold {mark.threshold:.3f}, smoothing {mark.smoothing}",
            )
    axis.set_xscale("log")
    axis.set_xlim(left=floor)
    axis.set_ylim(0, 100)
    axis.set_xlabel("false alarms an hour")
    axis.set_ylabel("misses, %")
    axis.grid(alpha=0.3, which="both")
    axis.legend(fontsize=8)
    axis.set_title(title, fontsize=10)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    try:
        figure.savefig(partial, dpi=100, format="png")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _line(axis: Any, points: list[CurvePoint], colour: str, floor: float, band: bool) -> None:
    rates = [max(floor, p.false_alarms_per_hour) for p in points]
    limits = [p.miss_rate_limits or (0.0, 1.0) for p in points]
    axis.plot(rates, [100.0 * (p.miss_rate or 0.0) for p in points], color=colour, marker=".", markersize=4,
              label=f"smoothing {points[0].smoothing}")  # fmt: skip
    if band:
        low, high = ([100.0 * limit[side] for limit in limits] for side in (0, 1))
        axis.fill_between(rates, low, high, color=colour, alpha=0.15, lw=0)
