"""How fast sparsity grows (Zhu & Gupta, "To prune, or not to prune", arXiv 1710.01878, eq. 1)."""

from __future__ import annotations


def polynomial_sparsity(step: float, begin: float, end: float, final: float, power: float = 3.0) -> float:
    """Sparsity at `step`: 0 until `begin`, then final * (1 - (1 - progress)^power), `final` from `end` on.

    `step`, `begin` and `end` share one unit (epochs or updates); begin == end is a jump.
    """
    if step >= end:
        return final
    if step <= begin:
        return 0.0
    progress = (step - begin) / (end - begin)
    return float(final * (1.0 - (1.0 - progress) ** power))
