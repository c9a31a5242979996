"""The files of a sweep: sweep.json, sweep.csv, sweep.png, sweep.md."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kws_tflm.profile.result import milliseconds
from kws_tflm.sweep.plot import draw
from kws_tflm.sweep.result import Mean, Sweep
from kws_tflm.train.storage import write_atomic, write_json

JSON, CSV, PLOT, PAGE = "sweep.json", "sweep.csv", "sweep.png", "sweep.md"
HEADS = (
    "filters",
    "pruned together",
    "zeros",
    "float",
    "int8",
    "validation",
    "cycles",
    "ms",
    "model",
    "arena",
    "front",
)


def write_files(sweep: Sweep, folder: Path) -> list[Path]:
    """Write all four; returns their paths. Without a row there is nothing to draw."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in (JSON, CSV, PAGE, PLOT)]
    write_json(paths[0], sweep.to_json())
    write_atomic(paths[1], sweep.to_csv().encode())
    write_atomic(paths[2], page(sweep).encode())
    if not sweep.rows:
        return paths[:3]
    write_atomic(paths[3], draw(sweep))
    return paths


def page(sweep: Sweep) -> str:
    """The table for people."""
    seeds = sorted({row.seed for row in sweep.rows})
    told = "seed " + ", ".join(map(str, seeds))
    if len(seeds) > 1:
        told += ": means, in brackets largest less smallest"
    clips = ", ".join(f"{count} {split}" for split, count in sweep.clips.items())
    lines = [
        f"# Sweep of {sweep.name} ({sweep.config})",
        "",
        *([] if sweep.complete else ["Not finished: the same command goes on.", ""]),
        f"{sweep.data}; {clips} clips. {told}. {sweep.made.get('date', '')}, `{sweep.made.get('command', '')}`",
        "",
        "`float` (the best that was not quantised) and `int8` (the deployed model) are accuracies on the test split, "
        "`validation` that of the int8 model there; cycles an inference and ms at 216 MHz are modelled; bytes of model "
        "and arena. `*`: no setting with fewer cycles is as accurate on the test split.",
        "",
        table(sweep),
        "",
        f"![accuracy over cycles]({PLOT})",
    ]
    return "\n".join(lines) + "\n"


def table(sweep: Sweep) -> str:
    """Markdown, a line a setting."""
    front = sweep.front()
    lines = ["| " + " | ".join(HEADS) + " |", "|--:|---|" + "--:|" * (len(HEADS) - 3) + "---|"]
    lines += ["| " + " | ".join(cells(mean, front)) + " |" for mean in sweep.means()]
    return "\n".join(lines)


def cells(mean: Mean, front: Sequence[Mean]) -> list[str]:
    """One line, as `HEADS` says."""
    unquantised = mean.accuracy("pruned")
    cycles = mean.mean("cycles")
    return [
        str(mean.filters),
        mean.shape,
        f"{100 * mean.sparsity:g} %",
        percent(mean.accuracy("float") if unquantised is None else unquantised),
        percent(mean.accuracy()) + (f" ({100 * mean.spread():.1f})" if len(mean.rows) > 1 else ""),
        percent(mean.accuracy(split="validation")),
        f"{cycles:,.0f}",
        f"{milliseconds(round(cycles)):.2f}",
        f"{mean.mean('model_bytes'):,.0f}",
        f"{mean.mean('arena_bytes'):,.0f}",
        "*" if mean in front else "",
    ]


def percent(value: float | None) -> str:
    """An accuracy."""
    return "-" if value is None else f"{100 * value:.2f} %"
