"""Accuracy beside latency: the section of docs/bench_paper.md, and its plot."""

from __future__ import annotations

import io
from collections.abc import Sequence

from kws_tflm.bench.paper.accuracy import GRANULARITIES, Accuracies
from kws_tflm.bench.paper.curves import Curve, select
from kws_tflm.bench.paper.methods import Method
from kws_tflm.bench.paper.plots import COLOURS
from kws_tflm.bench.paper.study import CORE_HZ, NETWORK
from kws_tflm.report.log_axis import plain_log_x

COMMAND = (
    "kws-tflm sweep configs/paper.toml --data DIR --out SWEEP --sparsity 0,0.5,0.75,0.9 \\\n"
    "        --blocks 1x1,row,channel,1x4{seeds}\n"
    '    kws-tflm bench paper --sweep SWEEP/sweep.json --note "WHAT DIR IS"'
)
DEPLOYED = "this project's operators"


def section(accuracies: Accuracies, all_curves: Sequence[Curve], image: str) -> list[str]:
    """Paragraphs; `image` is the file name of the plot."""
    facts = accuracies.facts
    seeds = facts.get("seeds", [])
    parts = ["## Accuracy beside latency"]
    if facts:
        option = f" --seeds {','.join(map(str, seeds))}" if len(seeds) > 1 else ""
        shown = facts | {"seeds": ", ".join(map(str, seeds))}
        parts += [
            "The paper gives no accuracies. These are of one training on the day below, not of the paper's data: every "
            "network begins at the same dense one, its four large layers are pruned to the same fraction of zeros by "
            "magnitude and trained on with it, the dense network just as long. Written by",
            "    " + COMMAND.format(seeds=option),
            "| | |\n|---|---|\n" + "\n".join(f"| {key} | {value} |" for key, value in shown.items()),
        ]
    error = accuracies.standard_error
    if error is not None:
        parts.append(
            f"With so many test clips, one standard error is {100 * error:.1f} points; differences below two of "
            "them may be chance."
        )
    parts += [_accuracy_table(accuracies), f"![accuracy over latency](images/{image})"]
    parts += ["int8, caches on, whole network, magnitude masks: accuracy on test clips, ms at 216 MHz (modelled)."]
    parts += [_method_table(accuracies, all_curves)]
    if any(row.cycles for row in accuracies.rows):
        parts += [
            "The same networks as int8 models in this project's firmware, where `kws-tflm convert` chooses the form of "
            "each layer; a whole inference, TFLM's interpreter included:",
            _deployed_table(accuracies),
        ]
    return parts


def _accuracy_table(accuracies: Accuracies) -> str:
    sparsities = accuracies.sparsities
    lines = ["| pruned together | type | " + " | ".join(f"{100 * s:g} %" for s in sparsities) + " |"]
    lines.append("|---|---|" + "--:|" * len(sparsities))
    for name, title in GRANULARITIES.items():
        if name == "dense" or not any(row.granularity == name for row in accuracies.rows):
            continue
        rows = [accuracies.find(name, sparsity) for sparsity in sparsities]
        for kind, values in (
            ("float", [row.accuracy if row else 0.0 for row in rows]),
            ("int8", [row.int8 if row else 0.0 for row in rows]),
        ):
            if any(values):
                lines.append(f"| {title} | {kind} | " + " | ".join(f"{v:.1%}" if v else "-" for v in values) + " |")
    return "\n".join(lines)


def _method_table(accuracies: Accuracies, all_curves: Sequence[Curve]) -> str:
    sparsities = accuracies.sparsities
    lines = [
        "| method | " + " | ".join(f"{100 * s:g} %" for s in sparsities) + " |",
        "|---|" + "--:|" * len(sparsities),
    ]
    for name, points in _points(accuracies, all_curves).items():
        cells = {s: f"{accuracy:.1%}, {ms:.3f} ms" for s, ms, accuracy in points}
        lines.append(f"| {name} | " + " | ".join(cells.get(s, "-") for s in sparsities) + " |")
    return "\n".join(lines)


def _points(accuracies: Accuracies, all_curves: Sequence[Curve]) -> dict[str, list[tuple[float, float, float]]]:
    """Method -> (sparsity, ms, accuracy): int8, or float where int8 was not measured."""
    panel = select(all_curves, layer=NETWORK, element="int8", caches="on", pattern="magnitude")
    result: dict[str, list[tuple[float, float, float]]] = {}
    for name, curve in panel.items():
        method = Method(name)
        measured = {point.sparsity for point in curve.points} & set(accuracies.sparsities)
        for sparsity in sorted(measured) if method.sees_zeros else [0.0]:
            found = accuracies.find(method.granularity.value, sparsity)
            if found is not None:
                result.setdefault(name, []).append((sparsity, curve.at(sparsity).ms, found.int8 or found.accuracy))
    return result


def _deployed_table(accuracies: Accuracies) -> str:
    heads = ["pruned together", "zeros", "accuracy", "cycles", "ms", "model bytes", "arena bytes"]
    lines = ["| " + " | ".join(heads) + " |", "|---|" + "--:|" * (len(heads) - 1)]
    for name, title in GRANULARITIES.items():
        for row in (row for row in accuracies.rows if row.granularity == name and row.cycles):
            spread = f" ({100 * row.spread:.1f})" if row.spread else ""
            lines.append(
                f"| {title} | {100 * row.sparsity:g} % | {row.int8:.1%}{spread} | {row.cycles:,} | "
                f"{row.cycles / CORE_HZ * 1e3:.3f} | {row.model_bytes:,} | {row.arena_bytes:,} |"
            )
    return "\n".join(lines)


def draw(accuracies: Accuracies, all_curves: Sequence[Curve]) -> bytes:
    """A PNG: int8 accuracy over latency, a line a method, numbers are percent of zeros."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5.5), layout="constrained")
    axes = figure.subplots()
    for name, points in _points(accuracies, all_curves).items():
        style = {"color": COLOURS[Method(name)], "linestyle": "--" if name.endswith("simd") else "-"}
        _line(axes, name, points, **style)
    for granularity in ("block_1x4", "weight"):
        rows = [accuracies.find(granularity, sparsity) for sparsity in accuracies.sparsities]
        points = [(row.sparsity, row.cycles / CORE_HZ * 1e3, row.int8) for row in rows if row and row.cycles]
        label = f"{DEPLOYED}, {GRANULARITIES[granularity]}"
        _line(axes, label, points, color="tab:cyan", linestyle="-" if granularity == "block_1x4" else ":")
    plain_log_x(axes)
    axes.set_xlabel("ms at 216 MHz (modelled), int8, caches on")
    axes.set_ylabel("accuracy on test clips, %")
    axes.grid(alpha=0.3, which="both")
    axes.legend(fontsize="small", loc="lower right")
    axes.set_title("cnn_one_fstride4: numbers are percent of zeros")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=90)
    return buffer.getvalue()


def _line(axes: object, label: str, points: list[tuple[float, float, float]], color: str, linestyle: str) -> None:
    if not points:
        return
    x, y = [ms for _, ms, _ in points], [100 * accuracy for *_, accuracy in points]
    axes.plot(x, y, marker=".", color=color, linestyle=linestyle, label=label)  # type: ignore[attr-defined]
    for sparsity, ms, accuracy in points:
        if sparsity > 0:
            axes.annotate(  # type: ignore[attr-defined]
                f"{100 * sparsity:g}", (ms, 100 * accuracy), (3, 3), textcoords="offset points", fontsize=6
            )
