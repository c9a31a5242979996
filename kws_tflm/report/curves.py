"""Training curves as a PNG."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def draw_curves(rows: Sequence[dict[str, Any]], title: str) -> bytes:
    """A PNG of loss, accuracy and sparsity over the epochs of all phases.

    `rows` are history rows (`kws_tflm.train.run_folder.HISTORY_COLUMNS`), in order.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 6), layout="constrained")
    loss_axes, accuracy_axes = figure.subplots(2, 1, sharex=True)
    epochs = range(1, len(rows) + 1)
    for axes, name in ((loss_axes, "loss"), (accuracy_axes, "accuracy")):
        axes.plot(epochs, [float(row[name]) for row in rows], color="tab:blue", label="training")
        axes.plot(epochs, [float(row[f"val_{name}"]) for row in rows], color="tab:orange", label="validation")
        axes.set_ylabel(name)
        axes.grid(alpha=0.3)
    sparsity = [float(row["sparsity"]) for row in rows]
    accuracy_axes.plot(epochs, sparsity, color="tab:green", linestyle=":", label="scheduled sparsity")
    chosen = [epoch for epoch, row in zip(epochs, rows, strict=True) if int(row["best"])]
    accuracy_axes.plot(
        chosen, [float(rows[epoch - 1]["val_accuracy"]) for epoch in chosen], "k.", markersize=4, label="best so far"
    )
    for index, row in enumerate(rows):
        if index == 0 or row["phase"] != rows[index - 1]["phase"]:
            for axes in (loss_axes, accuracy_axes):
                axes.axvline(index + 0.5, color="gray", linewidth=0.8)
            loss_axes.annotate(
                str(row["phase"]), (index + 0.5, 1.0), (3, -10), ("data", "axes fraction"), "offset points"
            )
    accuracy_axes.set_xlabel("epoch")
    accuracy_axes.legend(loc="lower right", fontsize="small")
    loss_axes.legend(loc="upper right", fontsize="small")
    figure.suptitle(title)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()


def save_curves(rows: Sequence[dict[str, Any]], title: str, path: Path) -> None:
    """Write `draw_curves` to `path`; nothing when there are no rows."""
    if rows:
        path.write_bytes(draw_curves(rows, title))
