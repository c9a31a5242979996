"""A logarithmic axis that people read values from."""

from __future__ import annotations

from typing import Any


def plain_log_x(axes: Any) -> None:
    """Logarithmic x of matplotlib `axes` with plain numbers, 0.3 and not 3 x 10^-1, on minor ticks too."""
    from matplotlib.ticker import FuncFormatter

    axes.set_xscale("log")
    for set_formatter in (axes.xaxis.set_major_formatter, axes.xaxis.set_minor_formatter):
        set_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
