"""The study in the paper's form: latency against sparsity, a line a method, a panel an element type."""

from __future__ import annotations

import io
from collections.abc import Sequence

from kws_tflm.bench.paper.curves import Curve, select
from kws_tflm.bench.paper.methods import Method
from kws_tflm.bench.paper.tensors import Element

COLOURS = {
    Method.DENSE: "black", Method.DENSE_SIMD: "gray", Method.ZERO_SKIP: "tab:red", Method.WEIGHT_OUTER: "tab:orange",
    Method.INDEX_LIST: "tab:green", Method.ROW_MASK: "tab:blue", Method.ROW_MASK_SIMD: "tab:blue",
    Method.CHANNELS: "tab:purple", Method.CHANNELS_SIMD: "tab:purple",
}  # fmt: skip
"""Of the methods in every plot; SIMD ones are dashed."""


def draw(curves: Sequence[Curve], layer: str, pattern: str) -> bytes:
    """A PNG: columns are element types, rows are caches on and off. SIMD methods are dashed."""
    from matplotlib.figure import Figure

    settings = list(dict.fromkeys(curve.caches for curve in curves))
    figure = Figure(figsize=(13, 0.9 + 3.9 * len(settings)), layout="constrained")
    panels = figure.subplots(len(settings), len(Element), squeeze=False)
    for caches, row in zip(settings, panels, strict=True):
        for element, axes in zip(Element, row, strict=True):
            chosen = select(curves, layer=layer, element=element.label, caches=caches, pattern=pattern)
            for name, curve in chosen.items():
                method = Method(name)
                style = {"color": COLOURS[method], "linestyle": "--" if name.endswith("simd") else "-", "label": name}
                if method.sees_zeros:
                    x = [100 * point.sparsity for point in curve.points]
                    axes.plot(x, [point.ms for point in curve.points], marker=".", **style)
                else:
                    axes.axhline(curve.points[0].ms, **style)
            axes.set_title(f"{element.label}, caches {caches}")
            axes.set_xlabel("zeros, %")
            axes.set_ylabel("ms at 216 MHz")
            axes.set_ylim(bottom=0)
            axes.grid(alpha=0.3)
    handles, labels = panels[0][-1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center", fontsize="small")
    figure.suptitle(f"cnn_one_fstride4, {layer}, {pattern} masks")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=90)
    return buffer.getvalue()
