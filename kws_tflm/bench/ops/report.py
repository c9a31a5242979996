"""docs/bench_ops.md: a table a layer, break-even points, plots."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from kws_tflm.bench.ops import plots
from kws_tflm.bench.ops.curves import DENSE_METHODS, break_evens
from kws_tflm.bench.ops.layers import LAYERS
from kws_tflm.bench.ops.study import Row, Study
from kws_tflm.bench.ops.text import INTRODUCTION


def write_report(study: Study, path: Path) -> list[Path]:
    """Write the page to `path` and its plots to `images/` beside it; returns all files."""
    images = plots.write_plots(study.rows, path.parent / "images")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_page(study, [image.name for image in images]), encoding="utf-8")
    return [path, *images]


def _page(study: Study, images: Sequence[str]) -> str:
    parts = [INTRODUCTION, f"Made {time.strftime('%d %B %Y')}."]
    if study.notes:
        parts.append("Absent:\n\n" + "\n".join(f"- {note}" for note in study.notes))
    parts += ["## Break-even", _break_even_table(study.rows), "## Layers"]
    for layer in LAYERS:
        rows = [row for row in study.rows if (row.operator, row.shape) == (layer.name, layer.shape)]
        if not rows:
            continue
        parts.append(f"### {layer.name} {layer.shape}")
        parts.append(f"{layer.source}; {layer.macs:,} products dense.")
        image = f"bench_ops_{plots.file_name(layer.name, layer.shape)}.png"
        if image in images:
            parts.append(f"![cycles against sparsity](images/{image})")
        parts.append(_layer_table(rows))
    return "\n\n".join(parts) + "\n"


def _break_even_table(rows: Sequence[Row]) -> str:
    lines = ["| operator | shape | method | beats dense_m7 | beats dense_cmsis_nn |", "|---|---|---|--:|--:|"]
    lines += [
        f"| {found.layer[0]} | {found.layer[1]} | {found.method} | {found.over_dense} | {found.over_cmsis_nn} |"
        for found in break_evens(rows)
    ]
    return "\n".join(lines)


def _layer_table(rows: Sequence[Row]) -> str:
    """Dense methods once: their instructions are the same at every sparsity."""
    lines = [
        "| method | zeros | instructions | cycles | warm | bytes | to dense_m7 | to cmsis_nn | arena |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        if row.method in DENSE_METHODS and row.sparsity > 0:
            continue
        zeros = "any" if row.method in DENSE_METHODS else f"{row.sparsity:.0%}"
        to_cmsis_nn = "-" if row.ratio_to_cmsis_nn is None else f"{row.ratio_to_cmsis_nn:.3f}"
        lines.append(
            f"| {row.method} | {zeros} | {row.instructions:,} | {row.cycles:,} | {row.cycles_warm:,} | {row.bytes:,} | "
            f"{row.ratio_to_dense:.3f} | {to_cmsis_nn} | {row.arena_bytes:,} |"
        )
    return "\n".join(lines)
