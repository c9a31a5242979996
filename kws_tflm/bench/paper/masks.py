"""What is pruned: exactly round(sparsity * n) of the weights, kernel rows or output channels of a layer."""

from __future__ import annotations

from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_tflm.bench.paper.layers import Layer

Array = npt.NDArray[Any]


class Granularity(Enum):
    """What is kept or pruned together."""

    WEIGHT = "weight"
    ROW = "row"
    CHANNEL = "channel"


class Pattern(Enum):
    """Which ones."""

    RANDOM = "random"
    MAGNITUDE = "magnitude"


def keep_mask(
    layer: Layer, weights: Array, granularity: Granularity, pattern: Pattern, sparsity: float, rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """True where a weight is kept, shape of `weights`.

    Magnitude prunes the groups with the smallest L2 norm; ties go to the first. At least one channel stays, and
    a layer whose channels cannot be pruned keeps all of them.
    """
    groups = _groups(layer, weights, granularity)
    if granularity is Granularity.CHANNEL and not layer.prunable_channels:
        return np.ones(weights.shape, bool)
    pruned = round(sparsity * len(groups))
    if granularity is Granularity.CHANNEL:
        pruned = min(pruned, len(groups) - 1)
    if pattern is Pattern.RANDOM:
        order = rng.permutation(len(groups))
    else:
        order = np.argsort((groups.astype(np.float64) ** 2).sum(axis=1), kind="stable")
    keep = np.ones(groups.shape, bool)
    keep[order[:pruned]] = False
    return keep.reshape(weights.shape)


def _groups(layer: Layer, weights: Array, granularity: Granularity) -> Array:
    """[groups, weights of one group], in memory order."""
    if granularity is Granularity.WEIGHT:
        return weights.reshape(-1, 1)
    if granularity is Granularity.ROW:
        return weights.reshape(layer.shape.out_c * layer.rows, -1)
    return weights.reshape(layer.shape.out_c, -1)
