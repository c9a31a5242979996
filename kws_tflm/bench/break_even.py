"""From which sparsity on a method is worth it."""

from __future__ import annotations

from collections.abc import Sequence


def break_even(points: Sequence[tuple[float, float]], rival: float) -> float | None:
    """Smallest sparsity from which the curve stays at or below `rival`, interpolated; None if it never does.

    Args:
        points: (sparsity, cost), by sparsity.
        rival: cost of what is compared with, at every sparsity.
    """
    below: float | None = None
    following: tuple[float, float] | None = None
    for sparsity, cost in reversed(points):
        if cost <= rival:
            below = sparsity
        elif following is None:
            return None
        else:
            return sparsity + (cost - rival) / (cost - following[1]) * (following[0] - sparsity)
        following = (sparsity, cost)
    return below
