"""Misses and false alarms at every threshold, and the one to choose."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from kws_tflm.config import DetectorConfig
from kws_tflm.console.score import LATE_SAMPLES, Label
from kws_tflm.stream.confidence import binomial_limits, poisson_limits
from kws_tflm.stream.events import Outcome, judge
from kws_tflm.stream.scores import RecordedScores

THRESHOLDS = (*range(200, 950, 10), *range(950, 996, 5), 996)
"""In thousandths. An int8 softmax ends at 255/256 = 0.996."""


@dataclass(frozen=True)
class Point:
    """A stream's result at one setting of the detector; limits are of 95 % confidence."""

    threshold: float
    smoothing: int
    said: int
    missed: int
    miss_rate: float | None
    """None when the stream has no word that the model knows."""
    miss_rate_limits: tuple[float, float] | None
    false_alarms: int
    false_alarms_per_hour: float
    false_alarms_per_hour_limits: tuple[float, float]
    kinds: dict[str, int]
    """False alarms by kind, see `kws_tflm.stream.events`."""

    def detector(self, base: DetectorConfig) -> DetectorConfig:
        """`base` with this point's settings."""
        return replace(base, threshold=self.threshold, smoothing=self.smoothing)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form."""
        return asdict(self)


def outcome(
    recorded: RecordedScores, labels: Sequence[Label], detector: DetectorConfig, late: int = LATE_SAMPLES
) -> Outcome:
    """What the firmware's detector with these settings makes of the recorded scores."""
    return judge(recorded.detections(detector), labels, recorded.keywords, late)


def point(
    recorded: RecordedScores, labels: Sequence[Label], detector: DetectorConfig, late: int = LATE_SAMPLES
) -> Point:
    """`outcome` as rates with their limits."""
    result = outcome(recorded, labels, detector, late)
    low, high = poisson_limits(result.false_alarms)
    return Point(
        threshold=detector.threshold,
        smoothing=detector.smoothing,
        said=result.said,
        missed=result.missed,
        miss_rate=result.missed / result.said if result.said else None,
        miss_rate_limits=binomial_limits(result.missed, result.said) if result.said else None,
        false_alarms=result.false_alarms,
        false_alarms_per_hour=result.false_alarms / recorded.hours,
        false_alarms_per_hour_limits=(low / recorded.hours, high / recorded.hours),
        kinds=result.kinds,
    )


def sweep(
    recorded: RecordedScores,
    labels: Sequence[Label],
    smoothings: Iterable[int] | None = None,
    thresholds: Iterable[int] = THRESHOLDS,
    late: int = LATE_SAMPLES,
) -> list[Point]:
    """Points at all `thresholds` (thousandths) for each of `smoothings` (the configuration's own if left out).

    Misses rise and false alarms fall with the threshold, but for the refractory time: an early false alarm can
    suppress a later one, or a word.
    """
    base = recorded.config.detector
    return [
        point(recorded, labels, replace(base, threshold=permille / 1000, smoothing=smoothing), late)
        for smoothing in (smoothings if smoothings is not None else (base.smoothing,))
        for permille in thresholds
    ]


def choose(points: Sequence[Point], most_false_alarms_per_hour: float) -> Point | None:
    """Of the points within the bound the one with fewest misses; then fewest false alarms; then highest threshold.

    None when no point is within the bound.
    """
    allowed = [p for p in points if p.false_alarms_per_hour <= most_false_alarms_per_hour]
    return min(allowed, key=lambda p: (p.missed, p.false_alarms, -p.threshold, p.smoothing), default=None)


def median_delay_ms(result: Outcome, sample_rate: int) -> float | None:
    """From the end of a word to its detection; None when nothing was heard."""
    delays = result.delays()
    return float(np.median(delays)) * 1000.0 / sample_rate if delays else None
