"""How far the scores can be believed: of the clips scored 0.9, nine in ten should be right."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

BINS = 15
"""Of equal width, as Guo et al. 2017 (arXiv:1706.04599) take them."""


@dataclass(frozen=True)
class ReliabilityBin:
    """Clips whose highest score lies in (low, high]."""

    low: float
    high: float
    n: int
    confidence: float | None
    """Mean of their highest scores; None when there is no clip."""
    accuracy: float | None


@dataclass(frozen=True)
class Reliability:
    """Of the highest score of each clip."""

    expected_calibration_error: float
    """Mean over the clips of |accuracy - confidence| of their bin, 0 to 1."""
    maximum_calibration_error: float
    """The largest such gap."""
    mean_confidence: float
    brier: float
    """Mean over the clips of the squared distance from the scores to the true class's unit vector, 0 to 2."""
    bins: tuple[ReliabilityBin, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form."""
        return asdict(self) | {"bins": [asdict(part) for part in self.bins]}


def reliability_of(scores: npt.NDArray[np.float64], expected: npt.NDArray[np.int64], bins: int = BINS) -> Reliability:
    """Reliability of class scores [n, classes] in [0, 1], n at least 1, against true classes [n]."""
    confidence = scores.max(axis=1)
    right = scores.argmax(axis=1) == expected
    number = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    parts = []
    gaps = np.zeros(bins)
    for i in range(bins):
        inside = number == i
        n = int(inside.sum())
        mean = float(confidence[inside].mean()) if n else None
        share = float(right[inside].mean()) if n else None
        if mean is not None and share is not None:
            gaps[i] = abs(share - mean)
        parts.append(ReliabilityBin(i / bins, (i + 1) / bins, n, mean, share))
    weights = np.array([part.n for part in parts]) / len(scores)
    truth = np.eye(scores.shape[1])[expected]
    return Reliability(
        expected_calibration_error=float(gaps @ weights),
        maximum_calibration_error=float(gaps.max()),
        mean_confidence=float(confidence.mean()),
        brier=float(((scores - truth) ** 2).sum(axis=1).mean()),
        bins=tuple(parts),
    )
