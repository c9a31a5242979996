"""Accuracy over cycles: a line a width and shape, dense points marked, the Pareto front on top."""

from __future__ import annotations

import io

from kws_tflm.report.log_axis import plain_log_x
from kws_tflm.sweep.plan import DENSE
from kws_tflm.sweep.result import Sweep

_MARKERS = "ovs^DPX*<>"


def draw(sweep: Sweep) -> bytes:
    """A PNG. Colours are widths, markers are shapes; numbers beside the points are percent of zeros."""
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 6), layout="constrained")
    axes = figure.subplots()
    widths = sorted({row.filters for row in sweep.rows})
    shapes = list(dict.fromkeys(row.shape for row in sweep.rows if row.shape != DENSE))
    colours = {width: colormaps["tab10"](index % 10) for index, width in enumerate(widths)}
    by_shape = len(widths) == 1
    for width in widths:
        for index, shape in enumerate(shapes):
            line = sweep.line(width, shape)
            if not any(mean.shape == shape for mean in line):
                continue
            colour = colormaps["tab10"](index % 10) if by_shape else colours[width]
            x, y = [m.mean("cycles") / 1e6 for m in line], [100 * (m.accuracy() or 0.0) for m in line]
            label = shape if by_shape else f"{width} filters, {shape}"
            axes.plot(x, y, marker=_MARKERS[index % len(_MARKERS)], color=colour, label=label, linewidth=1.2)
            for mean, cycles, accuracy in zip(line, x, y, strict=True):
                if mean.shape == shape:
                    note = f"{100 * mean.sparsity:g}"
                    axes.annotate(note, (cycles, accuracy), (3, 4), textcoords="offset points", fontsize=7)
    dense = [mean for mean in sweep.means() if mean.shape == DENSE]
    if dense:
        x, y = [m.mean("cycles") / 1e6 for m in dense], [100 * (m.accuracy() or 0.0) for m in dense]
        axes.scatter(x, y, s=110, facecolors="none", edgecolors="black", zorder=4, label="dense")
    front = sweep.front()
    x, y = [m.mean("cycles") / 1e6 for m in front], [100 * (m.accuracy() or 0.0) for m in front]
    axes.step(x, y, where="post", color="black", linestyle="--", linewidth=1, label="Pareto front")
    plain_log_x(axes)
    axes.set_xlabel("million cycles an inference (modelled)")
    axes.set_ylabel("int8 accuracy on the test split, %")
    axes.grid(alpha=0.3, which="both")
    axes.legend(fontsize="small", loc="best")
    axes.set_title(f"{sweep.name} ({sweep.config}): numbers are percent of zeros")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100)
    return buffer.getvalue()
