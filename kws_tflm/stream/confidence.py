"""Exact confidence limits of counts, two-sided, 95 % unless said otherwise."""

from __future__ import annotations

LEVEL = 0.95


def poisson_limits(count: int, level: float = LEVEL) -> tuple[float, float]:
    """Limits of the mean of a Poisson variable that was `count` once (Garwood 1936)."""
    from scipy.special import gammaincinv

    tail = (1.0 - level) / 2.0
    low = float(gammaincinv(count, tail)) if count else 0.0
    return low, float(gammaincinv(count + 1, 1.0 - tail))


def binomial_limits(count: int, trials: int, level: float = LEVEL) -> tuple[float, float]:
    """Limits of the probability of what happened `count` times in `trials` >= 1 (Clopper and Pearson 1934)."""
    from scipy.special import betaincinv

    tail = (1.0 - level) / 2.0
    low = float(betaincinv(count, trials - count + 1, tail)) if count else 0.0
    high = float(betaincinv(count + 1, trials - count, 1.0 - tail)) if count < trials else 1.0
    return low, high
