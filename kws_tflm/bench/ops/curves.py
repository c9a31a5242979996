"""Where a method overtakes a dense one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kws_tflm.bench.break_even import break_even
from kws_tflm.bench.ops.methods import DENSE, DENSE_CMSIS_NN
from kws_tflm.bench.ops.study import Row

DENSE_METHODS = (DENSE, "dense_reference", DENSE_CMSIS_NN)
Points = list[tuple[float, float]]
"""(sparsity, cycles), by sparsity."""


@dataclass(frozen=True)
class BreakEven:
    """For one layer and method."""

    layer: tuple[str, str]
    """Operator, shape."""
    method: str
    over_dense: str
    """``23 %``; ``never``; ``-`` where it cannot be said: a rival that was not measured, a single sparsity."""
    over_cmsis_nn: str


def curves(rows: Iterable[Row]) -> dict[tuple[str, str], dict[str, Points]]:
    """Layer (operator, shape) -> method -> points."""
    found: dict[tuple[str, str], dict[str, Points]] = {}
    for row in rows:
        methods = found.setdefault((row.operator, row.shape), {})
        methods.setdefault(row.method, []).append((row.sparsity, float(row.cycles)))
    return {layer: {name: sorted(points) for name, points in methods.items()} for layer, methods in found.items()}


def break_evens(rows: Sequence[Row]) -> list[BreakEven]:
    """For every layer and method that sees zeros."""
    return [
        BreakEven(layer, name, _text(points, methods.get(DENSE)), _text(points, methods.get(DENSE_CMSIS_NN)))
        for layer, methods in curves(rows).items()
        for name, points in methods.items()
        if name not in DENSE_METHODS
    ]


def _text(points: Points, rival: Points | None) -> str:
    if rival is None:
        return "-"
    if len(points) == 1:
        # A pattern with one sparsity of its own: it is faster there, or it is not.
        sparsity, cycles = points[0]
        return f"at {100 * sparsity:.0f} %" if cycles <= rival[0][1] else "never"
    found = break_even(points, rival[0][1])
    return "never" if found is None else f"{100 * found:.0f} %"
