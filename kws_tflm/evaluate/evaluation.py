"""All that an evaluation reports: accuracy, confusion, each word, reliability of the scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_tflm.evaluate.accuracy import Accuracy, accuracy_of
from kws_tflm.evaluate.reliability import Reliability, reliability_of


@dataclass(frozen=True)
class ClassResult:
    """One class; None where nothing is there to divide by."""

    n: int
    """Clips of the class."""
    recall: float | None
    """Of these, predicted so."""
    precision: float | None
    """Of the clips predicted so, those of the class."""
    f1: float | None
    """Harmonic mean of both."""


@dataclass(frozen=True)
class Evaluation:
    """A model's scores compared with the truth."""

    result: Accuracy
    classes: dict[str, ClassResult]
    reliability: Reliability

    @property
    def accuracy(self) -> float:
        """Fraction of the clips whose highest score is that of their class."""
        return self.result.accuracy

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form, documented in docs/models.md."""
        return {
            "accuracy": self.result.accuracy,
            "n": self.result.clips,
            "correct": self.result.correct,
            "labels": list(self.result.labels),
            "per_class": {label: asdict(result) for label, result in self.classes.items()},
            "confusion": [list(row) for row in self.result.confusion],
            "reliability": self.reliability.to_dict(),
        }


def evaluation_of(scores: npt.ArrayLike, expected: npt.ArrayLike, labels: Sequence[str]) -> Evaluation:
    """Compare class scores [n, classes] in [0, 1] with true classes [n].

    Raises:
        DataError: there is not one clip.
    """
    values, true = np.asarray(scores, np.float64), np.asarray(expected, np.int64)
    result = accuracy_of(values.argmax(axis=1) if len(values) else [], true, labels)
    counts = np.array(result.confusion)
    classes = {
        label: _class_result(int(counts[i, i]), int(counts[i].sum()), int(counts[:, i].sum()))
        for i, label in enumerate(labels)
    }
    return Evaluation(result, classes, reliability_of(values, true))


def _class_result(hits: int, there: int, predicted: int) -> ClassResult:
    return ClassResult(
        n=there,
        recall=hits / there if there else None,
        precision=hits / predicted if predicted else None,
        f1=2 * hits / (there + predicted) if there and predicted else None,
    )
