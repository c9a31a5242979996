"""Dense or sparse? The stated rule, and the small cost model behind it.

A CONV_2D is rewritten when, for the best packing of its weights,

1. the sparse operator is estimated at fewer cycles than a good dense kernel, and
2. the packed weights take no more flash than the dense ones.

The figures are estimates for a Cortex-M7. They compare with a good dense kernel rather than with
TFLM's reference one, so that a better dense kernel does not turn decisions into wrong ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kws_tflm.convert.packing import blocks_of, can_pack, packed_bytes

DENSE_CYCLES_PER_MAC = 1.29
"""Dense int8 CMSIS-NN on a 1x1 convolution 64 -> 64 over 25x5 positions: 0.66 M cycles (modelled) for 512,000 MAC."""
DENSE_BYTES_PER_CHANNEL = 12
"""Scale (float32) and zero point (int64) that a per-channel CONV_2D carries and the packed form does not need."""
TILE_POSITIONS = 8
"""Output positions that `sparse_conv2d_m7.cc` keeps in registers."""
PAIR_CYCLES = 17
"""One 1x2 group of weights against a tile: 8 loads, 8 SMLAD, unpaired as the compiler schedules them (19 were
modelled for a lone 1x2 block, index and loop included)."""
BLOCK_CYCLES = 4
"""Index, address and loop of one stored block against a tile."""
OUTPUT_CYCLES = 14
"""Requantisation and store of one output (modelled for the compiler's code)."""
EXPAND_CYCLES = 1.5
"""int8 to int16 of one column of one position, channels by fours."""
EXPAND_CYCLES_SCATTERED = 6.0
"""The same where channels cannot be taken by fours."""


@dataclass(frozen=True)
class SparsifyRule:
    """Parameters of the rule."""

    block_shapes: tuple[tuple[int, int], ...] = ((1, 4),)
    """Candidates (output channels, input columns); the one with the fewest estimated cycles is taken."""
    max_cycle_ratio: float = 1.0
    """Rewrite only below this fraction of the dense cycles."""
    max_byte_ratio: float = 1.0
    """Rewrite only up to this fraction of the dense bytes."""


@dataclass(frozen=True)
class Packing:
    """One way to store a layer, with what it costs."""

    block_shape: tuple[int, int]
    flat_columns: bool
    occupancy: float
    """Stored blocks over all blocks."""
    cycles: int
    bytes: int


def dense_cycles(weights: npt.NDArray[np.int8], positions: int) -> int:
    """Estimated cycles of a dense kernel at `positions` output positions."""
    return round(int(weights.size) * positions * DENSE_CYCLES_PER_MAC)


def dense_bytes(weights: npt.NDArray[np.int8]) -> int:
    """Weights and per-channel quantisation of a CONV_2D."""
    return int(weights.size + DENSE_BYTES_PER_CHANNEL * weights.shape[0])


def packings(weights: npt.NDArray[np.int8], positions: int, rule: SparsifyRule) -> list[Packing]:
    """Every candidate within the format's limits, best first."""
    found = []
    for block_shape in rule.block_shapes:
        for flat in (False, True):
            same_as_padded = weights.shape[3] % block_shape[1] == 0
            if (flat and same_as_padded) or not can_pack(weights, block_shape, flat):
                continue
            found.append(_cost(weights, positions, block_shape, flat))
    return sorted(found, key=lambda packing: (packing.cycles, packing.bytes))


def _cost(weights: npt.NDArray[np.int8], positions: int, block_shape: tuple[int, int], flat: bool) -> Packing:
    blocks = blocks_of(weights, block_shape, flat)
    block_rows, columns = blocks.shape[:2]
    n_blocks = int(np.any(blocks != 0, axis=(2, 3)).sum())
    tiles = -(-positions // TILE_POSITIONS)
    even = block_shape[1] % 2 == 0
    groups = block_shape[1] // 2 if even else block_shape[1]  # odd widths go column by column
    by_fours = block_shape[1] % 4 == 0 and (not flat or weights.shape[3] % 4 == 0)
    expand = EXPAND_CYCLES if by_fours and weights.shape[3] >= 4 else EXPAND_CYCLES_SCATTERED
    cycles = (
        n_blocks * tiles * block_shape[0] * (BLOCK_CYCLES + groups * PAIR_CYCLES)
        + positions * weights.shape[0] * OUTPUT_CYCLES
        + tiles * TILE_POSITIONS * columns * block_shape[1] * expand
    )
    size = packed_bytes(weights.shape[0], block_rows, columns, n_blocks, block_shape[0] * block_shape[1])
    return Packing(block_shape, flat, n_blocks / (block_rows * columns), round(cycles), size)
