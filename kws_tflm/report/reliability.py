"""The reliability diagram, and the picture that `kws-tflm evaluate --plot` writes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from kws_tflm.report.confusion import confusion_axes

if TYPE_CHECKING:
    from kws_tflm.evaluate.evaluation import Evaluation
    from kws_tflm.evaluate.reliability import Reliability

BAR, GAP, COUNT = "#4c6fb1", "#b3261e", "#7a8794"


def draw_evaluation(evaluation: Evaluation, title: str) -> bytes:
    """PNG: confusion matrix, reliability diagram, and how many clips have which highest score."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 6.8), layout="constrained")
    places = [["matrix", "diagram"], ["matrix", "histogram"]]
    axes: dict[str, Any] = figure.subplot_mosaic(places, width_ratios=(1.3, 1), height_ratios=(3, 1))
    confusion_axes(axes["matrix"], evaluation.result)
    diagram, histogram = axes["diagram"], axes["histogram"]
    histogram.sharex(diagram)
    reliability_axes(diagram, histogram, evaluation.reliability)
    figure.suptitle(f"{title}: {evaluation.accuracy:.2%} of {evaluation.result.clips} clips")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100)
    return buffer.getvalue()


def reliability_axes(diagram: Any, histogram: Any, reliability: Reliability) -> None:
    """Accuracy against the highest score, bin by bin, beside the diagonal; below it the clips of each bin."""
    parts = [part for part in reliability.bins if part.confidence is not None and part.accuracy is not None]
    width = 1 / len(reliability.bins)
    diagram.plot([0, 1], [0, 1], color="black", linewidth=0.8, linestyle="--", label="as good as it says")
    middle = [(part.low + part.high) / 2 for part in parts]
    diagram.bar(middle, [part.accuracy for part in parts], width * 0.92, color=BAR, label="accuracy")
    diagram.plot([part.confidence for part in parts], [part.accuracy for part in parts], ".", color=GAP, label="mean")
    diagram.set_ylabel("right")
    diagram.set_ylim(0, 1.02)
    diagram.set_xlim(0, 1)
    diagram.legend(loc="upper left", fontsize=8)
    diagram.set_title(f"expected calibration error {reliability.expected_calibration_error:.1%}", fontsize=10)
    histogram.bar(middle, [part.n for part in parts], width * 0.92, color=COUNT)
    histogram.set_yscale("log")
    histogram.set_ylabel("clips")
    histogram.set_xlabel("highest score")
