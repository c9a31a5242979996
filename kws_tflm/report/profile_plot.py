"""A profile as bars: one an operator, split into issue and the causes of stalls."""

from __future__ import annotations

from pathlib import Path

from kws_tflm.profile.result import ModelProfile

ISSUE = "#2a7f3f"
COLOURS = ("#c77700", "#b3261e", "#4c6fb1", "#8a5fa8", "#7a8794", "#b58a3c", "#3b9c9c", "#d46a9f")


def draw_profile(profile: ModelProfile, path: Path) -> None:
    """Write a PNG: cycles of each operator, the first on top; grey-green is time without a stall."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    operators = profile.operators
    figure = Figure(figsize=(11, 1.6 + 0.34 * len(operators)), layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.subplots()
    rows = range(len(operators))
    causes = sorted(
        (cause for cause, cycles in profile.total.stalls.items() if cycles > 0),
        key=lambda cause: -profile.total.stalls[cause],
    )
    issue = [op.counts.cycles - sum(op.counts.stalls.get(cause, 0) for cause in causes) for op in operators]
    axis.barh(rows, issue, color=ISSUE, label="issue")
    left = issue
    for number, cause in enumerate(causes):
        widths = [op.counts.stalls.get(cause, 0) for op in operators]
        axis.barh(rows, widths, left=left, color=COLOURS[number % len(COLOURS)], label=cause.replace("_", "-"))
        left = [start + width for start, width in zip(left, widths, strict=True)]
    for row, (op, end) in enumerate(zip(operators, left, strict=True)):
        note = f" {op.macs_per_cycle:.2f} MAC/cycle" if op.macs else ""
        axis.text(end, row, note, va="center", fontsize=7)
    axis.set_yticks(rows, [f"{op.index} {op.name.removeprefix('KWS_')}" for op in operators], fontsize=8)
    axis.invert_yaxis()
    axis.margins(x=0.12)
    axis.set_xlabel("cycles")
    axis.legend(fontsize=8, loc="lower right")
    total = profile.total.cycles
    axis.set_title(
        f"{profile.model}, {profile.kernels} kernels, caches {profile.caches}: {total:,} cycles", fontsize=10
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    figure.savefig(partial, dpi=100, format="png")
    partial.replace(path)
