"""Forms that store single weights: the index list of unstructured pruning and the N:M pattern."""

from __future__ import annotations

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

M = 4
"""Columns that an N:M pattern counts over."""
PAIR_LIMIT = 1 << 22
"""Two sums share a word in the fast way of these kernels; neither may reach this."""
MAX_FAST_SHIFT = 22


def pair_features(layer: Layer, unit: str, count: int) -> Features:
    """`count` units, of the fast way or, where a row's sums could leave their field, of the general one."""
    geometry, zero_point = layer.geometry, layer.input_zero_point
    reach = int(np.abs(layer.weights.astype(np.int64)).sum(axis=(1, 2, 3)).max()) * max(
        127 - zero_point, zero_point + 128
    )
    shifts = bool(np.all((layer.shifts <= -1) & (layer.shifts >= -MAX_FAST_SHIFT)))
    full_range = (geometry.activation_min, geometry.activation_max) == (-128, 127)
    fast = reach < PAIR_LIMIT and shifts and full_range and layer.output_shape[1] * layer.output_shape[2] >= TILE
    return {unit: float(count)} if fast else {f"{unit}_general": float(count)}


@dataclass(frozen=True)
class ConvIndexList(Form):
    """Every nonzero weight with its place, in a convolution."""

    method: str = "index_list"
    operator: str | None = CONV_OPERATOR
    kernel: str | None = CONV

    def obstacle(self, layer: Layer) -> str | None:
        """Not a convolution, or beyond the format."""
        if layer.operator != CONV:
            return NO_CONVOLUTION
        return None if packing.can_pack_index_list(layer.weights) else BEYOND

    def occupancy(self, layer: Layer) -> float:
        """Nonzero weights over all weights."""
        return 1.0 - layer.sparsity

    def features(self, layer: Layer) -> Features:
        """`entry`: a stored weight in a tile of eight positions."""
        columns = int(np.prod(layer.weights.shape[1:]))
        tiles = sum(map(bool, tiles_of(layer)[1:])) + tiles_of(layer)[0]
        features = conv_features(layer, columns, layer.in_channels % 4 == 0)
        features |= reading(packing.index_list_bytes(layer.weights), tiles)
        features |= pair_features(layer, "entry", int(packing.index_list_entries(layer.weights).sum()) * tiles)
        return features

    def pack(self, layer: Layer) -> bytes:
        """Encoding 2."""
        return packing.pack_index_list(layer.weights, layer.multipliers, layer.shifts.astype(np.int8), layer.geometry)


@dataclass(frozen=True)
class RowIndexList(ConvIndexList):
    """The same in a FULLY_CONNECTED."""

    operator: str | None = FULLY_CONNECTED_OPERATOR
    kernel: str | None = FULLY_CONNECTED

    def obstacle(self, layer: Layer) -> str | None:
        """More than one position, or beyond the format."""
        if not is_rows(layer):
            return NO_ROWS
        return None if packing.can_pack_index_list(as_rows(layer).weights) else BEYOND

    def features(self, layer: Layer) -> Features:
        """Per row of the input."""
        rows = as_rows(layer)
        batches = rows.input_shape[0]
        return {
            "call": 1.0,
            "expand": float(batches * rows.in_channels),
            "output": float(batches * rows.out_channels),
            "entry": float(batches * packing.index_list_entries(rows.weights).sum()),
            **reading(packing.index_list_bytes(rows.weights), batches),
        }

    def pack(self, layer: Layer) -> bytes:
        """Encoding 2, kernel 1x1."""
        return super().pack(as_rows(layer))


@dataclass(frozen=True)
class ConvNOfM(Form):
    """At most `n` nonzero weights in any four columns."""

    n: int
    operator: str | None = CONV_OPERATOR
    kernel: str | None = CONV

    @property
    def method(self) -> str:  # type: ignore[override]
        """`n_of_m_N_4`."""
        return f"n_of_m_{self.n}_{M}"

    def flat(self, layer: Layer) -> bool:
        """Whether groups run on over the taps: fewer groups, where the pattern allows it."""
        return layer.weights.shape[3] % M != 0 and packing.can_pack_n_of_m(layer.weights, self.n, True)

    def obstacle(self, layer: Layer) -> str | None:
        """Not a convolution, four columns with too many weights, or beyond the format."""
        if layer.operator != CONV:
            return NO_CONVOLUTION
        fits = packing.can_pack_n_of_m(layer.weights, self.n, self.flat(layer))
        return None if fits else f"not {self.n}:{M} sparse, or {BEYOND}"

    def occupancy(self, layer: Layer) -> float:
        """Stored values over all weights."""
        return self.n / M

    def features(self, layer: Layer) -> Features:
        """`group`: four columns in a tile of eight positions."""
        flat = self.flat(layer)
        matrix = packing.as_matrix(layer.weights, (1, M), flat)
        tiles = sum(map(bool, tiles_of(layer)[1:])) + tiles_of(layer)[0]
        features = conv_features(layer, matrix.shape[1], not flat and layer.in_channels % M == 0)
        features |= reading(packing.n_of_m_bytes(layer.weights, self.n, flat), tiles)
        features |= pair_features(layer, "group", matrix.size // M * tiles)
        return features

    def pack(self, layer: Layer) -> bytes:
        """Encoding 3."""
        return packing.pack_n_of_m(
            layer.weights, layer.multipliers, layer.shifts.astype(np.int8), layer.geometry, self.n, self.flat(layer)
        )
