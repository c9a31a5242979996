"""Cycles against sparsity, a picture a layer, a line a method."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kws_tflm.bench.ops.curves import Points, curves
from kws_tflm.bench.ops.methods import DENSE, DENSE_CMSIS_NN
from kws_tflm.bench.ops.study import Row

_LEVEL = {DENSE: ("black", "-"), DENSE_CMSIS_NN: ("gray", "--")}
"""Dense methods that are drawn: colour, line. TFLM's own kernels are beyond the picture."""
_LEFT_OUT = ("dense_reference",)
MIN_POINTS = 7
"""Sparsities from which on a layer is worth a picture."""


def write_plots(rows: Sequence[Row], folder: Path, prefix: str = "bench_ops") -> list[Path]:
    """One PNG a layer that was measured at `MIN_POINTS` sparsities or more; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for (operator, shape), methods in curves(rows).items():
        if max(len(points) for points in methods.values()) < MIN_POINTS:
            continue
        path = folder / f"{prefix}_{file_name(operator, shape)}.png"
        _draw(f"{operator} {shape}", methods, path)
        written.append(path)
    return written


def file_name(operator: str, shape: str) -> str:
    """Of a layer, without what a file system or a link minds."""
    return f"{operator.lower()}_{shape.replace('@', '_')}"


def _draw(title: str, methods: dict[str, Points], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.6), layout="constrained")
    axes = figure.subplots()
    for index, (name, points) in enumerate((n, p) for n, p in methods.items() if n not in _LEFT_OUT):
        x, y = [100 * sparsity for sparsity, _ in points], [cycles / 1000 for _, cycles in points]
        if name in _LEVEL:
            colour, line = _LEVEL[name]
            axes.axhline(y[0], color=colour, linestyle=line, label=name)
        else:
            axes.plot(x, y, color=f"C{index % 10}", marker="o" if len(x) == 1 else ".", linewidth=1.2, label=name)
    axes.set_xlabel("zeros, %")
    axes.set_ylabel("thousand cycles (modelled)")
    axes.set_ylim(bottom=0)
    axes.set_title(title)
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right center", fontsize="small")
    figure.savefig(path, format="png", dpi=90, metadata={"Software": None})
