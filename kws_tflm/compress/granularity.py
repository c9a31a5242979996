"""What is kept or zeroed together (`prune.granularity`), and the mask that a sparsity makes of it: pure numpy.

`block`      blocks of `prune.block_shape` (see `masks`); blocks of 1x1 are single weights
`row`        a line of a filter along its kernel's longer side (the width of a square one), all input channels of it;
             where there is one tap, one of `row_count` equal runs of inputs of one output
`channel`    all weights of an output channel (`Pruner` takes its bias and normalisation with them)
`1:4` `2:4`  single weights, so many of every four inputs left; the sparsity is the pattern's own
"""

from __future__ import annotations

import math
import re

import numpy as np

from kws_tflm.compress.masks import Array, as_block_kernel, as_taps, block_mask, block_sparsity, from_taps
from kws_tflm.config import PruneConfig

BLOCK, ROW, CHANNEL = "block", "row", "channel"
LEAST_ROWS = 8
"""A layer without kernel rows is divided into so many, as the paper's 8-row kernel is, or the next number that fits."""
_N_OF_M = re.compile(r"(\d):(\d)")


def n_of_m(granularity: str) -> tuple[int, int] | None:
    """(weights left, of how many) of a pattern `N:M`; None for the others."""
    found = _N_OF_M.fullmatch(granularity)
    return (int(found[1]), int(found[2])) if found else None


def own_sparsity(granularity: str) -> float | None:
    """The sparsity that the granularity cannot but have; None where any can be asked for."""
    pattern = n_of_m(granularity)
    return None if pattern is None else 1.0 - pattern[0] / pattern[1]


def row_count(inputs: int) -> int:
    """Into how many equal runs the inputs of a layer with one tap are divided: the fewest, `LEAST_ROWS` at least."""
    return next((n for n in range(LEAST_ROWS, inputs) if inputs % n == 0), inputs)


def prune_mask(kernel: Array, config: PruneConfig, sparsity: float) -> Array:
    """float32 mask of `kernel.shape` (Keras layout): 0 over the weakest groups, 1 elsewhere.

    round(sparsity * groups) of them are zeroed, ties from the first on. One channel stays in any case.
    """
    if config.granularity == BLOCK:
        blocks = as_block_kernel(kernel, config.block_shape)
        return block_mask(blocks, config.block_shape, sparsity, config.norm).reshape(kernel.shape)
    pattern = n_of_m(config.granularity)
    if pattern is not None:
        return _pattern_mask(kernel, pattern, sparsity)
    groups = _groups(kernel, config.granularity)
    magnitude = np.abs(groups.astype(np.float64))
    scores = magnitude.sum(axis=1) if config.norm == "l1" else np.square(magnitude).sum(axis=1)
    count = round(sparsity * len(groups))
    if config.granularity == CHANNEL:
        count = min(count, len(groups) - 1)
    keep = np.ones(len(groups), np.float32)
    keep[np.argsort(scores, kind="stable")[:count]] = 0.0
    return _ungrouped(np.repeat(keep[:, None], groups.shape[1], axis=1), kernel.shape, config.granularity)


def zero_groups(kernel: Array, config: PruneConfig) -> float:
    """Fraction of blocks, rows or channels (of single weights in a pattern) that are exactly zero."""
    if config.granularity == BLOCK:
        return block_sparsity(as_block_kernel(kernel, config.block_shape), config.block_shape)
    if n_of_m(config.granularity) is not None:
        return float(np.mean(kernel == 0.0))
    return float(np.mean(~_groups(kernel, config.granularity).any(axis=1)))


def _order(shape: tuple[int, ...], granularity: str) -> tuple[int, ...]:
    """Axes of a kernel [h, w, in, out] such that a group is a run of the last ones."""
    if granularity == ROW and shape[0] > shape[1]:
        return 3, 1, 0, 2
    return 3, 0, 1, 2


def _group_count(shape: tuple[int, ...], granularity: str) -> int:
    """Groups of a kernel [h, w, in, out]."""
    if granularity == CHANNEL:
        return shape[3]
    return shape[3] * (row_count(shape[2]) if shape[0] * shape[1] == 1 else min(shape[:2]))


def _groups(kernel: Array, granularity: str) -> Array:
    """[groups, weights of one group]: all groups of a layer are of one size."""
    whole = kernel.reshape(*(1,) * (4 - kernel.ndim), *kernel.shape)
    ordered = whole.transpose(_order(whole.shape, granularity))
    return ordered.reshape(_group_count(whole.shape, granularity), -1)


def _ungrouped(groups: Array, shape: tuple[int, ...], granularity: str) -> Array:
    """Inverse of `_groups` for a kernel of `shape`."""
    whole = (*(1,) * (4 - len(shape)), *shape)
    order = _order(whole, granularity)
    ordered = groups.reshape([whole[axis] for axis in order])
    return ordered.transpose(np.argsort(order)).reshape(shape)


def _pattern_mask(kernel: Array, pattern: tuple[int, int], sparsity: float) -> Array:
    """Of the weights that the pattern lets go, the weakest, more of them as `sparsity` nears the pattern's own.

    Groups are counted along the input channels of a tap, or along the taps where the channels do not fill groups, as
    the packed format counts them.
    """
    n, m = pattern
    flat = as_block_kernel(kernel, (1, m))
    taps = as_taps(flat)
    missing = -taps.shape[2] % m
    scores = np.pad(np.abs(taps.astype(np.float64)), ((0, 0), (0, 0), (0, missing)), constant_values=-1.0)
    rank = np.argsort(np.argsort(scores.reshape(-1, m), axis=1, kind="stable"), axis=1, kind="stable")
    spare = (rank < m - n).reshape(scores.shape)[:, :, : taps.shape[2]]
    strength = np.where(spare, np.abs(taps), math.inf)
    share = min(1.0, sparsity / (1.0 - n / m))
    keep = np.ones(taps.size, np.float32)
    keep[np.argsort(strength, axis=None, kind="stable")[: round(share * np.count_nonzero(spare))]] = 0.0
    return from_taps(keep.reshape(taps.shape), flat.shape).reshape(kernel.shape)
