"""The history as TensorBoard event files; the `tensorboard` package is needed to look at them only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kws_tflm._tf import tf

_SCALARS = ("learning_rate", "sparsity", "loss", "accuracy", "val_loss", "val_accuracy")


class EventLog:
    """Appends history rows to an event file in `folder`."""

    def __init__(self, folder: Path) -> None:
        with tf.Graph().as_default():  # this writer refuses eager mode, and needs no graph either
            self._writer = tf.compat.v1.summary.FileWriter(str(folder))

    def add(self, step: int, row: dict[str, Any]) -> None:
        """One history row at `step` epochs of the whole run."""
        summary = tf.compat.v1.Summary()
        for name in _SCALARS:
            summary.value.add(tag=name, simple_value=float(row[name]))
        self._writer.add_summary(summary, step)
        self._writer.flush()
