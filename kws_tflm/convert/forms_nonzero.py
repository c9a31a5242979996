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
    Features,
    Form,
    as_rows,
    conv_features,
    is_rows,
    tiles_of,
)
from kws_tflm.convert.layer import CONV, FULLY_CONNECTED, Layer

M = 4
"""Columns that an N:M pattern counts over."""


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
        features = conv_features(layer, columns, layer.in_channels % 4 == 0)
        features["entry"] = float(packing.index_list_entries(layer.weights).sum() * tiles_of(layer))
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
        features = conv_features(layer, matrix.shape[1], not flat and layer.in_channels % M == 0)
        features["group"] = float(matrix.size // M * tiles_of(layer))
        return features

    def pack(self, layer: Layer) -> bytes:
        """Encoding 3."""
        return packing.pack_n_of_m(
            layer.weights, layer.multipliers, layer.shifts.astype(np.int8), layer.geometry, self.n, self.flat(layer)
        )
