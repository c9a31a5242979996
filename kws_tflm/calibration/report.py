"""The calibration page: markdown tables and the plot of predicted against published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kws_tflm.calibration.page import Section
from kws_tflm.calibration.rows import Row, Summary, summarise

PLOT = Path("images") / "calibration.png"


def write(sections: Sequence[Section], page: Path, command: str, date: str) -> None:
    """Write `page` and its plot beside it (images/calibration.png)."""
    page.parent.mkdir(parents=True, exist_ok=True)
    plot = page.parent / PLOT
    plot.parent.mkdir(exist_ok=True)
    draw(sections, plot)
    page.write_text(markdown(sections, command, date), encoding="utf-8")


def markdown(sections: Sequence[Section], command: str, date: str) -> str:
    """The page."""
    parts = [
        "# Calibration of the cycle model\n",
        f"Made by `{command}` on {date}; the figures do not depend on the machine that runs it. Cycles of the virtual "
        "board beside what others measured on Cortex-M7 boards. No constant was fitted to a row.\n",
        f"![predicted against published cycles]({PLOT.as_posix()})\n",
        "| group | scored rows | median error | mean of absolute errors | within 10 % | within 15 % | worst |",
        "|---|--:|--:|--:|--:|--:|---|",
    ]
    parts += [_summary_line(section.title, summarise(section.rows)) for section in sections]
    like = [row for section in sections if section.like_for_like for row in section.rows]
    parts.append(_summary_line("**all but CMSIS-DSP compiled here**", summarise(like)))
    for section in sections:
        parts += [f"\n## {section.title}\n", section.text + "\n", *_table(section.rows)]
    return "\n".join(parts) + "\n"


def as_json(sections: Sequence[Section]) -> dict[str, Any]:
    """Rows and summaries as plain values."""
    return {
        section.key: {
            "rows": [asdict(row) | {"error": row.error} for row in section.rows],
            "summary": _summary_json(summarise(section.rows)),
        }
        for section in sections
    }


def draw(sections: Sequence[Section], path: Path) -> None:
    """Predicted against published cycles on logarithmic axes, with a band of 10 %."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 6.5), layout="constrained")
    axes = figure.subplots()
    rows = [row for section in sections for row in section.rows]
    low, high = min(r.published for r in rows) * 0.7, max(r.published for r in rows) * 1.4
    axes.plot([low, high], [low, high], color="black", linewidth=0.8)
    axes.fill_between([low, high], [low * 0.9, high * 0.9], [low * 1.1, high * 1.1], color="black", alpha=0.08, lw=0)
    for index, section in enumerate(sections):
        for scored, marker in ((True, "o"), (False, "x")):
            chosen = [row for row in section.rows if row.scored == scored]
            label = section.title if scored else f"{section.title}, not scored"
            if chosen:
                axes.plot(
                    [row.published for row in chosen],
                    [row.predicted for row in chosen],
                    marker,
                    color=f"C{index}",
                    markersize=4,
                    label=label,
                )
    axes.set(xscale="log", yscale="log", xlabel="published cycles", ylabel="predicted cycles")
    axes.set(xlim=(low, high), ylim=(low, high))
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left", fontsize="small")
    figure.savefig(path, dpi=110, metadata={"Software": None})


def _summary_line(title: str, summary: Summary | None) -> str:
    if summary is None:
        return f"| {title} | 0 | | | | | |"
    worst = summary.worst
    return (
        f"| {title} | {summary.rows} | {_percent(summary.median)} | {summary.mean_absolute * 100:.1f} % | "
        f"{summary.within_10} | {summary.within_15} | {worst.name}: {_percent(worst.error)} |"
    )


def _summary_json(summary: Summary | None) -> dict[str, Any] | None:
    return None if summary is None else {**asdict(summary), "worst": summary.worst.name}


def _table(rows: Sequence[Row]) -> list[str]:
    lines = ["| group | row | predicted | published | error | basis, source |", "|---|---|--:|--:|--:|---|"]
    for row in rows:
        tail = [row.basis, row.source, *([] if row.scored else ["**not scored**"]), *([row.note] if row.note else [])]
        lines.append(
            f"| {row.group} | {row.name} | {_cycles(row.predicted)} | {_cycles(row.published)} | "
            f"{_percent(row.error)} | {'; '.join(tail)} |"
        )
    return lines


def _cycles(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def _percent(error: float) -> str:
    return f"{error * 100:+.1f} %" if abs(error) >= 0.0005 else "0.0 %"
