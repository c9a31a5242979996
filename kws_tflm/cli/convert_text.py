"""The report of a conversion for people: the table "dense or sparse, and why", sizes, what was verified."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kws_tflm.cli.output import kilobytes

WIDTH = 120
SHOWN = 2
"""Sparse forms beside the chosen one and dense, unless all are asked for."""
NAME_WIDTH = 40
FORM_WIDTH = 14


def convert_text(result: Path, report: Mapping[str, Any], verbose: bool = False) -> str:
    """All of it, `WIDTH` columns wide."""
    sizes = [kilobytes(report[name]["bytes"]) for name in ("dense", "sparse")]
    check = report["verification"]
    lines = [
        *replaced_lines(report["replaced"]),
        *pruning_lines(report["pruning"]),
        *compaction_lines(report["compaction"], verbose),
        *fused_lines(report["fused"]),
        decisions_text(report, verbose),
        "",
        totals_text(report),
        f"file: dense {sizes[0]}, sparse {sizes[1]}: {result}",
        f"verified: {len(check['runners'])} runners give the same bytes on {check['inputs']} inputs "
        f"({check['source']})",
        f"next: kws-tflm firmware {result}",
    ]
    return "\n".join(lines)


def replaced_lines(replaced: Mapping[str, Any] | None) -> list[str]:
    """Operators that were replaced; nothing where there were none."""
    if replaced is None:
        return []
    lines = [f"replaced: {note}" for note in replaced["notes"]]
    if replaced["differing"]:
        lines.append(
            f"so the outputs differ from the given model's on {replaced['differing']} of {replaced['inputs']} noise "
            f"inputs, by up to {replaced['worst']} (int8 steps)"
        )
    return [*lines, ""]


def pruning_lines(pruning: Mapping[str, Any] | None) -> list[str]:
    """What one-shot pruning did, and what it cost; nothing where there was none."""
    if pruning is None:
        return []
    rows, columns = pruning["block_shape"]
    lines = [f"pruned one-shot: {pruning['sparsity']:.0%} of the {rows}x{columns} blocks"]
    for layer in pruning["layers"]:
        change = f"{layer['before']:.1%} -> {layer['after']:.1%} zeros" if layer["pruned"] else ""
        lines.append(
            f"    {layer['operator']:>3}  {_short(layer['name']):<32}  {change:<22}  {layer['reason']}".rstrip()
        )
    if not any(layer["pruned"] for layer in pruning["layers"]):
        lines.append("no layer would gain by it: nothing was pruned")
    if pruning["clips"]:
        before, after = pruning["accuracy_before"], pruning["accuracy_after"]
        lines.append(
            f"accuracy: {before:.2%} -> {after:.2%} ({100 * (after - before):+.2f} points) on {pruning['clips']} clips "
            f"({pruning['features']})"
        )
    else:
        lines.append("accuracy: not measured; give labelled recordings with --data")
    if not pruning["calibration_clips"]:
        lines.append("the weights that stay were not fitted; give other recordings with --calibrate to lose less")
    return [*lines, ""]


def compaction_lines(layers: Sequence[Mapping[str, Any]], verbose: bool) -> list[str]:
    """Which channels were taken out; nothing where there is nothing to say."""
    shown = [layer for layer in layers if layer["removed"] or verbose]
    if not shown:
        return []
    lines = ["channels that say nothing (filters of zeros, or nobody reads them)"]
    for layer in shown:
        stays = f"; others stay: {layer['reason']}" if layer["reason"] else ""
        line = f"    {_short(layer['name'])}: {layer['removed']} of {layer['channels']} taken out{stays}"
        lines += textwrap.wrap(line, WIDTH, subsequent_indent="        ")
    return [*lines, ""]


def fused_lines(pairs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Which layers were joined; nothing where none were."""
    lines = [
        f"joined: {_short(pair['depthwise'])} and {_short(pair['pointwise'])}, "
        f"{pair['tensor_bytes']:,} bytes between them became {pair['scratch_bytes']:,} of scratch"
        for pair in pairs
    ]
    return [*lines, ""] if lines else []


def _short(name: str) -> str:
    return name if len(name) <= NAME_WIDTH else name.split("/")[-1][:NAME_WIDTH]


def decisions_text(report: Mapping[str, Any], verbose: bool = False) -> str:
    """One group of lines a layer: dense, the chosen form (>), the next best ones."""
    head = f"    {'form':<{FORM_WIDTH}}{'stored':>7}{'cycles':>12}{'bytes':>10}"
    lines = [f"dense or sparse, and why (objective: {report['objective']}; cycles are the cost model's)", head]
    for layer in report["layers"]:
        lines += _layer(layer, verbose)
    return "\n".join(lines)


def totals_text(report: Mapping[str, Any]) -> str:
    """Sums over the layers that were considered."""
    total = report["totals"]
    changes = []
    for unit in ("cycles", "bytes"):
        before, after = total[f"dense_{unit}"], total[unit]
        changes.append(f"{before:,} -> {after:,} {unit} ({after / max(before, 1):.0%})")
    return f"all layers: {', '.join(changes)}; {total['rewritten']} of {total['layers']} rewritten"


def _layer(layer: Mapping[str, Any], verbose: bool) -> list[str]:
    name = _short(layer["name"])
    if not layer["candidates"]:
        return [f"{name}  {layer['type']}: stays dense, {layer['reason']}"]
    title = f"{name}  {layer['shape']}, {layer['sparsity']:.1%} zeros"
    dense, *sparse = layer["candidates"]
    if not sparse:
        return [f"{title}: {_figures(dense)}, {layer['reason']}", *_refused(layer, verbose)]
    shown = [row for row in sparse if row["method"] == layer["method"]]
    for row in sorted(sparse, key=lambda row: (row["cycles"], row["bytes"])):
        if row not in shown and (verbose or len(shown) < SHOWN + bool(layer["sparse"])):
            shown.append(row)
    lines = [title]
    for row in (dense, *shown):
        chosen = row["method"] == layer["method"]
        mark, reason = (">", f"  {layer['reason']}") if chosen else (" ", "")
        figures = f"{row['occupancy']:>7.0%}{row['cycles']:>12,}{row['bytes']:>10,}"
        lines.append(f"  {mark} {row['method']:<{FORM_WIDTH}}{figures}{reason}")
    if len(shown) < len(sparse):
        lines.append(f"    {len(sparse) - len(shown)} more with --verbose")
    return lines + _refused(layer, verbose)


def _figures(row: Mapping[str, Any]) -> str:
    return f"{row['method']}, {row['cycles']:,} cycles, {row['bytes']:,} bytes"


def _refused(layer: Mapping[str, Any], verbose: bool) -> list[str]:
    if not verbose:
        return []
    return [f"    {method:<{FORM_WIDTH}}{'-':>7}  {why}" for method, why in layer["refused"].items()]
