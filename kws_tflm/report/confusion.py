"""The confusion matrix, drawn."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from kws_tflm.evaluate.accuracy import Accuracy


def draw_confusion(result: Accuracy, title: str) -> bytes:
    """PNG of the confusion matrix: rows true, columns predicted, counts in the cells."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 6.5), layout="constrained")
    confusion_axes(figure.subplots(), result)
    figure.suptitle(f"{title}: {result.accuracy:.2%} of {result.clips} clips")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()


def confusion_axes(axes: Any, result: Accuracy) -> None:
    """Draw into `axes`; the colour is the share of the true class."""
    counts = np.array(result.confusion)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    ticks = range(len(result.labels))
    axes.set_xticks(ticks, result.labels, rotation=60, ha="right")
    axes.set_yticks(ticks, result.labels)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    for i, j in np.argwhere(counts > 0):
        axes.text(j, i, str(counts[i, j]), ha="center", va="center", color="white" if share[i, j] > 0.5 else "black")
    axes.figure.colorbar(image, ax=axes, label="share of the true class", shrink=0.8)
