"""The converter's cost model from measured rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kws_tflm.bench.ops.methods import DENSE
from kws_tflm.bench.ops.study import Row
from kws_tflm.convert import cost_model

_AS_DENSE = ("structured",)
"""Methods that are the dense kernel on a smaller layer: more rows to fit it to."""


def fit_cost_model(rows: Sequence[Row], path: Path = cost_model.DATA_FILE) -> Path:
    """Fit to all rows that have features and write the model to `path`."""
    told = [row.to_dict() for row in rows]
    for row in told:
        if row["method"] in _AS_DENSE:
            row["method"] = DENSE
    cost_model.write(cost_model.fit(told), path)
    return path
