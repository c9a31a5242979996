"""docs/bench_paper.md: what was measured, in one table a layer, with the plots."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kws_tflm.bench.paper import accuracy_text, plots
from kws_tflm.bench.paper.accuracy import Accuracies
from kws_tflm.bench.paper.curves import Curve, curves, select
from kws_tflm.bench.paper.masks import Pattern
from kws_tflm.bench.paper.methods import Method
from kws_tflm.bench.paper.study import NETWORK, Row
from kws_tflm.bench.paper.tensors import Element
from kws_tflm.bench.paper.text import INTRODUCTION

LAYERS = (NETWORK, "conv", "fc1")
ACCURACY_PLOT = "bench_paper_accuracy.png"
_TITLES = {
    NETWORK: "The whole network",
    "conv": "The convolution (401,760 products)",
    "fc1": "The first fully connected layer (53,568 products)",
}


def write_report(rows: Sequence[Row], path: Path, facts: dict[str, str], accuracies: Accuracies) -> list[Path]:
    """Write the page to `path` and its plots to `images/` beside it; returns all files."""
    all_curves = curves(rows)
    images = path.parent / "images"
    images.mkdir(parents=True, exist_ok=True)
    written, figures = [path], {}
    for layer in LAYERS:
        for pattern in Pattern:
            image = images / f"bench_paper_{layer}_{pattern.value}.png"
            image.write_bytes(plots.draw(all_curves, layer, pattern.value))
            figures[layer, pattern.value] = image
            written.append(image)
    if accuracies.rows:
        written.append(images / ACCURACY_PLOT)
        written[-1].write_bytes(accuracy_text.draw(accuracies, all_curves))
    path.write_text(_page(all_curves, facts, accuracies, figures), encoding="utf-8")
    return written


def _page(
    all_curves: Sequence[Curve], facts: dict[str, str], accuracies: Accuracies, figures: dict[tuple[str, str], Path]
) -> str:
    unit = (
        "ms at 216 MHz from the virtual board's cycle model: modelled cycles, not a measurement of a board. Below, "
        "`beats dense` is the sparsity from which on a method is not slower than `dense` of its type, `beats SIMD` the "
        "same for `dense_simd`."
    )
    parts = [INTRODUCTION, "| | |\n|---|---|\n" + "\n".join(f"| {k} | {v} |" for k, v in facts.items()), unit]
    if accuracies.rows:
        parts += accuracy_text.section(accuracies, all_curves, ACCURACY_PLOT)
    for layer in LAYERS:
        parts.append(f"## {_TITLES[layer]}")
        for pattern in Pattern:
            parts.append(f"![{layer}, {pattern.value} masks](images/{figures[layer, pattern.value].name})")
        parts.append(_table(all_curves, layer))
    return "\n\n".join(parts) + "\n"


def _sparsities(all_curves: Sequence[Curve]) -> list[float]:
    return [point.sparsity for point in max(all_curves, key=lambda curve: len(curve.points)).points]


def _table(all_curves: Sequence[Curve], layer: str) -> str:
    """ms over sparsity; the last columns: from which sparsity on the method beats the dense ones of its type."""
    sparsities = _sparsities(all_curves)
    heads = [
        "type",
        "method",
        "masks",
        "caches",
        *(f"{100 * s:.0f} %" for s in sparsities),
        "beats dense",
        "beats SIMD",
    ]
    lines = ["| " + " | ".join(heads) + " |", "|---|---|---|---|" + "--:|" * (len(sparsities) + 2)]
    for caches in dict.fromkeys(curve.caches for curve in all_curves):
        for element in Element:
            for pattern in Pattern:
                panel = select(all_curves, layer=layer, element=element.label, caches=caches, pattern=pattern.value)
                lines += [
                    _line(curve, panel, sparsities)
                    for curve in panel.values()
                    if Method(curve.method).sees_zeros or pattern is Pattern.RANDOM
                ]
    return "\n".join(lines)


def _line(curve: Curve, panel: dict[str, Curve], sparsities: Sequence[float]) -> str:
    times = [f"{curve.at(sparsity).ms:.3f}" for sparsity in sparsities]
    pattern = "-" if curve.pattern == "none" else curve.pattern
    cells = [curve.element, curve.method, pattern, curve.caches, *times]
    for rival in (Method.DENSE, Method.DENSE_SIMD):
        cells.append(_break_even(curve, panel.get(rival.value)))
    return "| " + " | ".join(cells) + " |"


def _break_even(curve: Curve, rival: Curve | None) -> str:
    if rival is None or len(curve.points) == 1:
        return "-"
    sparsity = curve.break_even(rival.points[0])
    return "never" if sparsity is None else f"{100 * sparsity:.0f} %"
