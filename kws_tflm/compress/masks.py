"""Block masks over convolution and dense kernels: pure numpy.

A kernel is seen as [taps, out, in]; a block covers `block_shape` = (out, in) channels of one tap.
Channels that do not fill a block make a smaller block at the end (the tail).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

NORMS = ("l1", "l2")


def as_taps(kernel: Array) -> Array:
    """Keras kernel [..., in, out] -> [taps, out, in] (a dense kernel has one tap)."""
    return np.moveaxis(kernel.reshape(-1, *kernel.shape[-2:]), 1, 2)


def from_taps(taps: Array, shape: tuple[int, ...]) -> Array:
    """Inverse of `as_taps` for a kernel of `shape`."""
    return np.moveaxis(taps, 2, 1).reshape(shape)


def as_block_kernel(kernel: Array, block_shape: tuple[int, int]) -> Array:
    """`kernel`, or a view of it with one tap whose input channels are (row, column, channel) of the kernel.

    The latter where the input channels do not fill blocks: the blocks of a first layer, which has one channel, then
    lie along its taps, as the packed format's flat column order has them.
    """
    if kernel.ndim == 4 and kernel.shape[0] * kernel.shape[1] > 1 and kernel.shape[2] % block_shape[1] != 0:
        return kernel.reshape(1, 1, -1, kernel.shape[3])
    return kernel


def block_scores(kernel: Array, block_shape: tuple[int, int], norm: str = "l2") -> npt.NDArray[np.float64]:
    """Magnitude of every block, [taps, out blocks, in blocks].

    The mean |w| (`l1`) or root mean square (`l2`) over the weights that exist, so that a tail
    competes with full blocks on equal terms.
    """
    if norm not in NORMS:
        raise ValueError(f"norm must be one of {NORMS}, not {norm!r}")
    magnitude = np.abs(as_taps(kernel).astype(np.float64))
    if norm == "l2":
        magnitude = magnitude**2
    starts = [np.arange(0, size, block) for size, block in zip(magnitude.shape[1:], block_shape, strict=True)]
    sums = np.add.reduceat(np.add.reduceat(magnitude, starts[0], axis=1), starts[1], axis=2)
    lengths = [np.diff(np.append(start, size)) for start, size in zip(starts, magnitude.shape[1:], strict=True)]
    mean = sums / np.outer(lengths[0], lengths[1])
    result: npt.NDArray[np.float64] = np.sqrt(mean) if norm == "l2" else mean
    return result


def block_mask(kernel: Array, block_shape: tuple[int, int], sparsity: float, norm: str = "l2") -> Array:
    """float32 mask of `kernel.shape`: 0 over the weakest round(sparsity * blocks) blocks, 1 elsewhere.

    Ties go to the block that comes first, so the count is exact and the result deterministic.
    """
    scores = block_scores(kernel, block_shape, norm)
    keep = np.ones(scores.size, np.float32)
    keep[np.argsort(scores, axis=None, kind="stable")[: round(sparsity * scores.size)]] = 0.0
    return expand_mask(keep.reshape(scores.shape), kernel.shape, block_shape)


def expand_mask(blocks: Array, shape: tuple[int, ...], block_shape: tuple[int, int]) -> Array:
    """One value a block [taps, out blocks, in blocks] -> one value a weight, kernel layout `shape`."""
    taps = np.repeat(np.repeat(blocks, block_shape[0], axis=1), block_shape[1], axis=2)
    return from_taps(taps[:, : shape[-1], : shape[-2]], shape)


def block_sparsity(kernel: Array, block_shape: tuple[int, int]) -> float:
    """Fraction of blocks whose weights are all exactly zero."""
    return float(np.mean(block_scores(kernel, block_shape, "l1") == 0.0))
