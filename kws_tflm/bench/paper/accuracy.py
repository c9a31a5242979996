"""The accuracy column: from a sweep of configs/paper.toml, or from any JSON file of this form.

    {"rows": [{"granularity": "weight", "sparsity": 0.5, "accuracy": 0.931, "int8": 0.929, ...}], "facts": {...}}

`granularity` is ``dense``, ``weight``, ``row``, ``channel`` or ``block_1x4`` (magnitude masks, retrained); accuracies
are in [0, 1]; what is not there is not shown. `accuracy.json` beside this module is the one the page has.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kws_tflm.errors import DataError
from kws_tflm.train.storage import write_json

SHIPPED = Path(__file__).with_name("accuracy.json")
GRANULARITIES = {
    "dense": "nothing",
    "weight": "single weights",
    "row": "kernel rows",
    "channel": "output channels",
    "block_1x4": "blocks of 1x4",
}
"""Names, and what the page calls them."""
_SHAPES = {"dense": "dense", "1x1": "weight", "row": "row", "channel": "channel", "1x4": "block_1x4"}
"""Names in a sweep."""


@dataclass(frozen=True)
class Accuracy:
    """One setting; accuracies on test clips unless they say otherwise. 0 where a number is not known."""

    granularity: str
    sparsity: float
    accuracy: float
    """Float."""
    int8: float = 0.0
    """The deployed model."""
    spread: float = 0.0
    """Largest less smallest `int8` over the seeds."""
    cycles: int = 0
    """Of the deployed model; modelled."""
    model_bytes: int = 0
    arena_bytes: int = 0


@dataclass(frozen=True)
class Accuracies:
    """All of them, and where they are from."""

    rows: tuple[Accuracy, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)

    def find(self, granularity: str, sparsity: float) -> Accuracy | None:
        """The row of a setting; every granularity begins with the dense network."""
        wanted = ("dense" if sparsity == 0 else granularity, round(sparsity, 3))
        return next((row for row in self.rows if (row.granularity, round(row.sparsity, 3)) == wanted), None)

    @property
    def sparsities(self) -> list[float]:
        """Ascending."""
        return sorted({row.sparsity for row in self.rows})

    @property
    def standard_error(self) -> float | None:
        """Of the dense accuracy, from the number of test clips alone; None when that is not known."""
        dense, clips = self.find("dense", 0.0), self.facts.get("test clips", 0)
        return math.sqrt(dense.accuracy * (1 - dense.accuracy) / clips) if dense and clips else None

    def to_dict(self) -> dict[str, Any]:
        """As in the file."""
        return {"facts": self.facts, "rows": [asdict(row) for row in self.rows]}


def read_accuracies(path: Path) -> Accuracies:
    """Read the file at `path`.

    Raises:
        DataError: missing, not JSON, or an entry that is not as above.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        rows = tuple(Accuracy(**row) for row in raw["rows"])
        for row in rows:
            if row.granularity not in GRANULARITIES or not 0 <= row.sparsity < 1 or not 0 <= row.accuracy <= 1:
                raise DataError(
                    f"{path}: {row.granularity} at sparsity {row.sparsity:g} with accuracy {row.accuracy:g} cannot be; "
                    f"granularities are {', '.join(GRANULARITIES)}, the rest is in [0, 1]"
                )
        return Accuracies(rows, dict(raw.get("facts", {})))
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; give the JSON of accuracies that training wrote") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path}: not a file of accuracies ({type(error).__name__}: {error}); see docs/bench_paper.md"
        ) from None


def accuracies_of_sweep(path: Path, note: str) -> Accuracies:
    """Those of the sweep.json at `path`; `note` says in words what was trained and tested on.

    Raises:
        DataError: no sweep, or not one of the paper's network.
    """
    from kws_tflm.sweep import read_sweep

    sweep = read_sweep(path)
    found = []
    for mean in sweep.means():
        accuracy, int8 = mean.accuracy("pruned"), mean.accuracy()
        if (
            mean.shape not in _SHAPES
            or accuracy is None
            or int8 is None
            or {r.parameters for r in mean.rows} != {119936}
        ):
            raise DataError(f"{path}: not a sweep of the paper's network over {', '.join(_SHAPES)}; see docs/sweep.md")
        found.append(
            Accuracy(
                _SHAPES[mean.shape],
                mean.sparsity,
                round(accuracy, 5),
                round(int8, 5),
                round(mean.spread(), 5),
                round(mean.mean("cycles")),
                round(mean.mean("model_bytes")),
                round(mean.mean("arena_bytes")),
            )
        )
    facts = {
        "configuration": f"{sweep.name}, {sweep.config}",
        "data": note,
        "training clips": sweep.clips.get("train", 0),
        "test clips": sweep.clips.get("test", 0),
        "seeds": sorted({row.seed for row in sweep.rows}),
        "epochs": max(row.epochs for row in sweep.rows),
        "made": sweep.made.get("date", ""),
        "commit": str(sweep.made.get("commit", ""))[:12],
    }
    return Accuracies(tuple(found), facts)


def ship(accuracies: Accuracies) -> None:
    """Keep them for the next page."""
    write_json(SHIPPED, accuracies.to_dict())
