"""Accuracy against sparsity, cycles and bytes: one experiment over widths, sparsities and what is pruned together.

`plan` which runs; `runner` trains them, the float stage once a width; `measure` converts, evaluates and profiles one;
`result` the rows, their means over seeds and the Pareto front; `report`, `plot` what comes out.
"""

from kws_tflm.sweep.measure import SweepData
from kws_tflm.sweep.plan import Point, Shape, check_points, make_plan, parse_shape
from kws_tflm.sweep.result import Row, Sweep, read_sweep
from kws_tflm.sweep.runner import run_sweep

__all__ = [
    "Point",
    "Row",
    "Shape",
    "Sweep",
    "SweepData",
    "check_points",
    "make_plan",
    "parse_shape",
    "read_sweep",
    "run_sweep",
]
