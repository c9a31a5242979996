"""Cycles of a layer in a form: a weighted sum of its features, the weights fitted to measured rows.

The coefficients stand in one data file, `cost_model.toml`; `kws-tflm bench ops --fit` measures the rows
on the virtual board and writes it anew.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from kws_tflm.convert.nonnegative import nonnegative_least_squares
from kws_tflm.errors import KwsError, ModelError

DATA_FILE = Path(__file__).with_name("cost_model.toml")
BUILTIN = {
    "KWS_SPARSE_CONV_2D": "CONV_2D",
    "KWS_SPARSE_FULLY_CONNECTED": "FULLY_CONNECTED",
    "KWS_SPARSE_DEPTHWISE_CONV_2D": "DEPTHWISE_CONV_2D",
}
"""Rows may name either operator; kernels are told apart by the built-in one."""


class UnmeasuredError(KwsError):
    """The cost model has no figures for a kernel."""


@dataclass(frozen=True)
class Coefficients:
    """Of one kernel."""

    cycles: Mapping[str, float]
    """Cycles of one unit of each feature."""
    rows: int = 0
    """Measured rows behind them; 0: an estimate."""
    mean_error: float = 0.0
    """Mean of |estimated - measured| / measured over the rows."""
    max_error: float = 0.0


@dataclass(frozen=True)
class CostModel:
    """Coefficients by (built-in operator, method)."""

    kernels: Mapping[tuple[str, str], Coefficients] = field(default_factory=dict)

    def cycles(self, operator: str, method: str, features: Mapping[str, float]) -> int:
        """Estimated cycles of one execution.

        Raises:
            UnmeasuredError: nothing is known of the kernel, or of one of its features.
        """
        known = self.kernels.get((BUILTIN.get(operator, operator), method))
        if known is None:
            raise UnmeasuredError(f"the cost model has no figures for {method} of {operator}")
        unknown = [name for name, value in features.items() if value and name not in known.cycles]
        if unknown:
            raise UnmeasuredError(f"the cost model has no figures for '{unknown[0]}' of {method} of {operator}")
        return round(sum(known.cycles.get(name, 0.0) * value for name, value in features.items()))


def fit(rows: Iterable[Mapping[str, Any]], prior: CostModel | None = None) -> CostModel:
    """Coefficients that are not negative and least in the squares of the relative errors.

    Args:
        rows: measured executions with `operator` (either name), `method`, `cycles`, and `features` as
            `candidates.features` gives them; rows without features are left out.
        prior: gives what no row tells: a kernel, or a feature of it; None: the installed model.

    Raises:
        ModelError: a row lacks a field, or none has features.
    """
    by_kernel: dict[tuple[str, str], list[tuple[Mapping[str, float], float]]] = {}
    for row in rows:
        if not row.get("features"):
            continue
        try:
            key = (BUILTIN.get(row["operator"], row["operator"]), row["method"])
            by_kernel.setdefault(key, []).append((row["features"], float(row["cycles"])))
        except KeyError as error:
            raise ModelError(f"a measured row has no field {error}; measure again with kws-tflm bench ops") from None
    if not by_kernel:
        raise ModelError("no measured row has features to fit; measure with kws-tflm bench ops --fit")
    known = dict((prior if prior is not None else installed()).kernels)
    for key, measured in by_kernel.items():
        fitted = _fit_kernel(measured)
        before = known[key].cycles if key in known else {}
        known[key] = replace(fitted, cycles={**before, **fitted.cycles})
    return CostModel(known)


def _fit_kernel(rows: list[tuple[Mapping[str, float], float]]) -> Coefficients:
    names = sorted({name for features, _ in rows for name, value in features.items() if value})
    matrix = np.array([[features.get(name, 0.0) for name in names] for features, _ in rows])
    measured = np.array([cycles for _, cycles in rows])
    solution = nonnegative_least_squares(matrix / measured[:, None], np.ones(len(rows)))
    errors = np.abs(matrix @ solution / measured - 1.0)
    coefficients = {name: float(value) for name, value in zip(names, solution, strict=True)}
    return Coefficients(coefficients, len(rows), float(errors.mean()), float(errors.max()))


@cache
def installed() -> CostModel:
    """The model that comes with the project."""
    return load(DATA_FILE)


def load(path: Path) -> CostModel:
    """The model in a file that `write` made.

    Raises:
        ModelError: missing or damaged.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        return CostModel(
            {
                (operator, method): Coefficients(
                    {name: float(value) for name, value in entry["cycles"].items()},
                    int(entry["rows"]), float(entry["mean_error"]), float(entry["max_error"]),
                )
                for operator, methods in tables.items()
                for method, entry in methods.items()
            }
        )  # fmt: skip
    except OSError:
        raise ModelError(f"{path}: no such cost model; make it with kws-tflm bench ops --fit") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ModelError(f"{path}: damaged cost model; make it anew with kws-tflm bench ops --fit") from None


def write(model: CostModel, path: Path = DATA_FILE) -> None:
    """Write `model` as TOML; its errors stand in the head as well."""
    path.write_text(to_text(model), encoding="utf-8")
    installed.cache_clear()


def to_text(model: CostModel) -> str:
    """The content of the data file."""
    lines = [
        "# Cycles of one unit of each feature (kws_tflm/convert/forms*.py), by operator and method.",
        "# Made by `kws-tflm bench ops --fit` from rows measured on the virtual board: do not edit.",
        "# Relative error of the estimate on those rows:",
        "#",
        f"# {'operator':<20}{'method':<16}{'rows':>6}{'mean':>9}{'max':>9}",
    ]
    for (operator, method), known in sorted(model.kernels.items()):
        errors = f"{known.mean_error:>9.1%}{known.max_error:>9.1%}" if known.rows else f"{'estimate':>18}"
        lines.append(f"# {operator:<20}{method:<16}{known.rows:>6}{errors}")
    for (operator, method), known in sorted(model.kernels.items()):
        lines += ["", f"[{operator}.{method}]", f"rows = {known.rows}"]
        lines += [f"mean_error = {known.mean_error:.4f}", f"max_error = {known.max_error:.4f}"]
        lines += [f"cycles.{name} = {value:.5g}" for name, value in sorted(known.cycles.items())]
    # TOML wants a decimal point or an exponent in a float; integers read as well.
    return "\n".join(lines) + "\n"
