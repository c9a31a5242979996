"""Dense or sparse? The choice among the candidates of a layer, and the sentence that says why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kws_tflm.convert.candidates import Candidate

DEFAULT_OBJECTIVE = "balanced"


@dataclass(frozen=True)
class SparsifyRule:
    """How to choose."""

    objective: str = DEFAULT_OBJECTIVE
    """`cycles`: the fewest, then the fewest bytes. `flash`: the fewest bytes, then the fewest cycles.
    `balanced`: the least product of cycles and bytes, both relative to dense."""
    methods: tuple[str, ...] | None = None
    """Sparse forms to consider; None: all that the table has."""
    also: tuple[str, ...] = ()
    """Forms beside those of the table, as the block shape of an experiment."""
    margin: float = 0.05
    """A sparse form must be better than dense by this fraction of the objective: nothing is rewritten for a
    difference that the cost model cannot tell."""
    fuse: bool = False
    """First join depthwise and 1x1 convolutions where that makes the arena smaller (`fuse_separable.py`)."""
    force: bool = False
    """Take the best sparse form wherever there is one, whatever dense costs. For tests and experiments."""


def score(candidate: Candidate, dense: Candidate, objective: str) -> tuple[float, float]:
    """What the objective minimises, relative to dense, and what decides between equals."""
    cycles = candidate.cycles / max(dense.cycles, 1)
    size = candidate.bytes / max(dense.bytes, 1)
    if objective == "cycles":
        return cycles, size
    if objective == "flash":
        return size, cycles
    return cycles * size, cycles


def choose(found: Sequence[Candidate], rule: SparsifyRule) -> tuple[Candidate, str]:
    """The candidate to take, `found[0]` being dense, and why in a few words."""
    dense, *sparse = found
    if not sparse:
        return dense, "no sparse form suits it"
    best = min(sparse, key=lambda candidate: score(candidate, dense, rule.objective))
    against = _compared(best, dense)
    if rule.force:
        return best, f"asked for: {against}"
    if score(best, dense, rule.objective)[0] < 1.0 - rule.margin:
        return best, against
    return dense, f"{best.method} would take {against}"


def _compared(candidate: Candidate, dense: Candidate) -> str:
    cycles = _change(candidate.cycles, dense.cycles, "cycles")
    size = _change(candidate.bytes, dense.bytes, "bytes")
    return f"{cycles}, {size}"


def _change(value: int, reference: int, unit: str) -> str:
    change = value / max(reference, 1) - 1.0
    if abs(change) < 0.005:
        return f"as many {unit}"
    return f"{abs(change):.0%} {'fewer' if change < 0 else 'more'} {unit}"
