"""What a sweep found: a row a run, means over seeds, the Pareto front; sweep.json and sweep.csv."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kws_tflm.errors import DataError
from kws_tflm.sweep.plan import DENSE

FORMAT = 1
STAGES = ("float", "pruned", "qat", "int8")


@dataclass(frozen=True)
class Row:
    """One run, measured."""

    run: str
    """Its folder below that of the sweep."""
    config: str
    """Hash of its configuration."""
    seed: int
    filters: int
    shape: str
    sparsity: float
    """Asked for; of each layer of `prune.layers`."""
    zeros: float
    """Share of exact zeros among all weights of those layers."""
    accuracy: dict[str, dict[str, float]]
    """Stage (``float``, ``pruned``, ``qat``, ``int8``) -> split (``validation``, ``test``) -> accuracy in [0, 1].
    ``int8`` is the deployed model in host TFLM, which the board's kernels follow byte for byte."""
    parameters: int
    cycles: int
    """An inference on the virtual board; modelled."""
    instructions: int
    model_bytes: int
    arena_bytes: int
    flash_bytes: int
    """The profile image: code, constants, model; without front end and console."""
    epochs: int
    seconds: float
    """Of training; the float stage counts in each run that uses it."""


@dataclass(frozen=True)
class Mean:
    """One setting: means over its seeds."""

    filters: int
    shape: str
    sparsity: float
    rows: tuple[Row, ...]

    def accuracy(self, stage: str = "int8", split: str = "test") -> float | None:
        """None where the runs have no such stage."""
        found = [row.accuracy[stage][split] for row in self.rows if stage in row.accuracy]
        return sum(found) / len(found) if found else None

    def spread(self, stage: str = "int8", split: str = "test") -> float:
        """Largest less smallest accuracy over the seeds."""
        found = [row.accuracy[stage][split] for row in self.rows if stage in row.accuracy]
        return max(found) - min(found) if found else 0.0

    def mean(self, name: str) -> float:
        """Of a number that every row has."""
        return sum(float(getattr(row, name)) for row in self.rows) / len(self.rows)


@dataclass(frozen=True)
class Sweep:
    """All of it."""

    name: str
    config: str
    """Hash of the experiment that was varied."""
    data: str
    """Where the recordings come from."""
    clips: dict[str, int]
    """By split."""
    made: dict[str, Any]
    """Command, date, version, commit."""
    complete: bool
    rows: tuple[Row, ...] = field(default=())

    def means(self) -> list[Mean]:
        """One for each setting, in the order of the rows."""
        groups: dict[tuple[int, str, float], list[Row]] = {}
        for row in self.rows:
            groups.setdefault((row.filters, row.shape, row.sparsity), []).append(row)
        return [Mean(*key, tuple(rows)) for key, rows in groups.items()]

    def front(self) -> list[Mean]:
        """The Pareto front: no other setting has fewer cycles and is at least as accurate (int8, test); by cycles."""
        best, result = -1.0, []
        for mean in sorted(self.means(), key=lambda mean: (mean.mean("cycles"), -(mean.accuracy() or 0.0))):
            accuracy = mean.accuracy()
            if accuracy is not None and accuracy > best:
                best = accuracy
                result.append(mean)
        return result

    def line(self, filters: int, shape: str) -> list[Mean]:
        """A width and shape from its dense setting on, by sparsity."""
        found = [m for m in self.means() if m.filters == filters and m.shape in (shape, DENSE)]
        return sorted(found, key=lambda mean: mean.sparsity)

    def to_json(self) -> dict[str, Any]:
        """Plain values; `front` has the settings of the front."""
        front = [{"filters": m.filters, "shape": m.shape, "sparsity": m.sparsity} for m in self.front()]
        return {"format": FORMAT, **asdict(self), "rows": [asdict(row) for row in self.rows], "front": front}

    def to_csv(self) -> str:
        """A line a run; a column for each stage and split."""
        plain = [name for name in Row.__dataclass_fields__ if name != "accuracy"]
        present = [stage for stage in STAGES if any(stage in row.accuracy for row in self.rows)]
        columns = [(stage, split) for stage in present for split in ("validation", "test")]
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*plain, *(f"{stage}_{split}" for stage, split in columns)])
        for row in self.rows:
            accuracies = [row.accuracy.get(stage, {}).get(split, "") for stage, split in columns]
            writer.writerow([*(getattr(row, name) for name in plain), *accuracies])
        return text.getvalue()


def read_row(raw: dict[str, Any]) -> Row:
    """A row from its JSON.

    Raises:
        TypeError: it has other keys.
    """
    return Row(**raw)


def read_sweep(path: Path) -> Sweep:
    """The sweep in a sweep.json.

    Raises:
        DataError: missing, or something else.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        rows = tuple(read_row(row) for row in raw["rows"])
        known: Sequence[str] = ("name", "config", "data", "clips", "made", "complete")
        return Sweep(**{name: raw[name] for name in known}, rows=rows)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; give the sweep.json that 'kws-tflm sweep' wrote") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: not a sweep ({type(error).__name__}: {error}); run the sweep again") from None
