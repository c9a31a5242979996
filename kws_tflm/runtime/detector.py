"""The firmware's detector on the host."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kws_tflm.config import DetectorConfig
from kws_tflm.runtime._load import native

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Detection:
    """One keyword event, as the firmware prints it."""

    word: str
    score: float
    """Smoothed score, 0 to 1, in steps of a thousandth."""
    sample: int
    """End of the window that tipped it, in samples since the start."""


def threshold_permille(threshold: float) -> int:
    """A threshold in [0, 1] in the firmware's unit."""
    return round(threshold * 1000)


def keyword_mask(labels: Sequence[str]) -> int:
    """Bit i is set when class i is a keyword: every label that does not begin with an underscore."""
    return sum(1 << i for i, label in enumerate(labels) if not label.startswith("_"))


class Detector:
    """Moving average, threshold, refractory time (stm32f7_app/core/detector.h)."""

    def __init__(self, config: DetectorConfig, labels: Sequence[str], sample_rate: int = 16000) -> None:
        self._labels = tuple(labels)
        self._native = native().Detector(
            len(labels),
            keyword_mask(labels),
            config.smoothing,
            threshold_permille(config.threshold),
            config.refractory_ms * sample_rate // 1000,
        )

    def reset(self) -> None:
        """Forget all scores and the last detection."""
        self._native.reset()

    def update(self, scores: NDArray[np.int8], sample: int) -> Detection | None:
        """Take the int8 softmax output of the inference whose window ended at `sample`."""
        event = self._native.update(np.ascontiguousarray(scores, dtype=np.int8).reshape(-1), sample)
        if event is None:
            return None
        label, permille, at = event
        return Detection(self._labels[label], permille / 1000, at)
