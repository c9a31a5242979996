"""Block-sparse forms: blocks of rows x columns that hold a nonzero weight."""

from __future__ import annotations

import builtins
from dataclasses import dataclass

import numpy as np

from kws_tflm.convert import packing
from kws_tflm.convert.forms import (
    BEYOND,
    CONV_OPERATOR,
    FULLY_CONNECTED_OPERATOR,
    NO_CONVOLUTION,
    NO_ROWS,
    TILE,
    Features,
    Form,
    as_rows,
    conv_features,
    is_rows,
    reading,
    tiles_of,
)
from kws_tflm.convert.layer import CONV, FULLY_CONNECTED, Layer

BLOCK_SHAPES = ((1, 2), (1, 4), (2, 2), (4, 1), (2, 4), (4, 4))
"""Block shapes with kernels of their own; others are computed by a general one and taken when named."""
OTHER_BLOCKS = "block_other"


@dataclass(frozen=True)
class Blocks(Form):
    """Blocks of `block_out` rows x `block_in` columns that hold a nonzero weight."""

    block_out: int
    block_in: int

    @property
    def method(self) -> str:  # type: ignore[override]
        """`block_OUTxIN`."""
        return f"block_{self.block_out}x{self.block_in}"

    @property
    def figures(self) -> str:
        """Shapes without a kernel of their own share one."""
        return self.method if self.block_shape in BLOCK_SHAPES else OTHER_BLOCKS

    @property
    def block_shape(self) -> tuple[int, int]:
        """Rows, columns."""
        return self.block_out, self.block_in

    def flat(self, layer: Layer) -> bool:
        """Whether taps run on without padding: where that stores fewer values, as in a layer of one channel."""
        if layer.weights.shape[3] % self.block_in == 0:
            return False
        return self._stored(layer, True)[0] < self._stored(layer, False)[0]

    def _stored(self, layer: Layer, flat: bool) -> tuple[int, int]:
        blocks = packing.blocks_of(layer.weights, self.block_shape, flat)
        return int(np.any(blocks != 0, axis=(2, 3)).sum()), blocks.shape[0] * blocks.shape[1]

    def occupancy(self, layer: Layer) -> float:
        """Stored blocks over all blocks."""
        stored, blocks = self._stored(layer, self.flat(layer))
        return stored / blocks

    def bytes(self, layer: Layer) -> int:
        """Of the packed buffer."""
        flat = self.flat(layer)
        stored, blocks = self._stored(layer, flat)
        rows = -(-layer.out_channels // self.block_out)
        values = self.block_out * self.block_in
        return packing.packed_bytes(layer.out_channels, rows, blocks // rows, stored, values)

    def pack(self, layer: Layer) -> builtins.bytes:
        """Encoding 1."""
        return packing.pack(
            layer.weights, layer.multipliers, layer.shifts.astype(np.int8), layer.geometry,
            self.block_shape, self.flat(layer),
        )  # fmt: skip


@dataclass(frozen=True)
class ConvBlocks(Blocks):
    """In a convolution: positions by tiles, each stored block once a tile."""

    operator: str | None = CONV_OPERATOR
    kernel: str | None = CONV

    def obstacle(self, layer: Layer) -> str | None:
        """Not a convolution, or beyond the format."""
        if layer.operator != CONV:
            return NO_CONVOLUTION
        fits = packing.can_pack(layer.weights, self.block_shape, self.flat(layer))
        return None if fits else BEYOND

    def features(self, layer: Layer) -> Features:
        """`block`: a stored block in a tile of eight positions; `block_lane`: at a single position. Kernels differ
        where block columns do not fit one byte (`_wide`)."""
        flat = self.flat(layer)
        stored, blocks = self._stored(layer, flat)
        rows = -(-layer.out_channels // self.block_out)
        wide = "_wide" if blocks // rows > 1 << 8 else ""
        tiles, lanes = tiles_of(layer)
        columns = blocks // rows * self.block_in
        features = conv_features(layer, columns, not flat and layer.in_channels % 4 == 0)
        features |= reading(self.bytes(layer), tiles + lanes)
        features |= {f"block{wide}": float(stored * tiles), f"block_lane{wide}": float(stored * lanes)}
        if self.figures == OTHER_BLOCKS:
            features["value"] = float(stored * (tiles * TILE + lanes) * self.block_out * self.block_in)
        return features


@dataclass(frozen=True)
class RowBlocks(Blocks):
    """In a FULLY_CONNECTED."""

    operator: str | None = FULLY_CONNECTED_OPERATOR
    kernel: str | None = FULLY_CONNECTED

    def obstacle(self, layer: Layer) -> str | None:
        """More than one position, or beyond the format."""
        if not is_rows(layer):
            return NO_ROWS
        fits = packing.can_pack(as_rows(layer).weights, self.block_shape, False)
        return None if fits else BEYOND

    def flat(self, layer: Layer) -> bool:
        """One tap: there is nothing to run on."""
        return False

    def occupancy(self, layer: Layer) -> float:
        """Stored blocks over all blocks."""
        return super().occupancy(as_rows(layer))

    def features(self, layer: Layer) -> Features:
        """Per row of the input."""
        rows = as_rows(layer)
        stored, _ = self._stored(rows, False)
        batches = rows.input_shape[0]
        features = {
            "call": 1.0,
            "expand": float(batches * rows.in_channels),
            "output": float(batches * rows.out_channels),
            "block": float(batches * stored),
            **reading(self.bytes(layer), batches),
        }
        if self.figures == OTHER_BLOCKS:
            features["value"] = features["block"] * self.block_out * self.block_in
        return features

    def bytes(self, layer: Layer) -> int:
        """Of the packed buffer."""
        return super().bytes(as_rows(layer))

    def pack(self, layer: Layer) -> builtins.bytes:
        """Encoding 1, kernel 1x1."""
        return super().pack(as_rows(layer))
