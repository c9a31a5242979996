"""Forms that store single weights: the index list of unstructured pruning and the N:M pattern."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kws_tflm.convert import packing
from kws_tflm.convert.forms import (
    CONV_OPERATOR,
    FULLY_CONNECTED_OPERATOR,
    Features,
    Form,
    as_rows,
    conv_features,
    is_rows,
    tiles_of,
)
from kws_tflm.convert.layer import CONV, FULLY_CONNECTED, Layer

GROUP = 4
"""Columns that an N:M pattern counts over."""
NOT_YET = "this version has no packer for it"


@dataclass(frozen=True)
class ConvIndexList(Form):
    """Every nonzero weight with its place, in a convolution."""

    method: str = "index_list"
    operator: str | None = CONV_OPERATOR
    kernel: str | None = CONV

    def obstacle(self, layer: Layer) -> str | None:
        """Not a convolution, or beyond the format."""
        if layer.operator != CONV:
            return "not a convolution"
        return _index_list_obstacle(layer)

    def occupancy(self, layer: Layer) -> float:
        """Nonzero weights over all weights."""
        return 1.0 - layer.sparsity

    def features(self, layer: Layer) -> Features:
        """`nonzero`: a weight in a tile of eight positions."""
        columns = int(np.prod(layer.weights.shape[1:]))
        features = conv_features(layer, columns, layer.in_channels % 4 == 0)
        features["nonzero"] = float(np.count_nonzero(layer.weights) * tiles_of(layer))
        return features

    def pack(self, layer: Layer) -> bytes:
        """Encoding 2."""
        packed: bytes = packing.pack_index_list(  # type: ignore[attr-defined]
            layer.weights, layer.multipliers, layer.shifts.astype(np.int8), layer.geometry
        )
        return packed


@dataclass(frozen=True)
class RowIndexList(ConvIndexList):
    """The same in a FULLY_CONNECTED."""

    operator: str | None = FULLY_CONNECTED_OPERATOR
    kernel: str | None = FULLY_CONNECTED

    def obstacle(self, layer: Layer) -> str | None:
        """More than one position, or beyond the format."""
        return _index_list_obstacle(as_rows(layer)) if is_rows(layer) else "not a fully connected layer"

    def features(self, layer: Layer) -> Features:
        """Per row of the input."""
        batches = as_rows(layer).input_shape[0]
        return {
            "call": 1.0,
            "output": float(batches * layer.out_channels),
            "nonzero": float(batches * np.count_nonzero(layer.weights)),
        }

    def pack(self, layer: Layer) -> bytes:
        """Encoding 2, kernel 1x1."""
        return super().pack(as_rows(layer))


@dataclass(frozen=True)
class ConvNOfM(Form):
    """At most `n` nonzero weights in any four columns of a tap."""

    n: int = 2
    operator: str | None = CONV_OPERATOR
    kernel: str | None = CONV

    @property
    def method(self) -> str:  # type: ignore[override]
        """`n_of_m_N_4`."""
        return f"n_of_m_{self.n}_{GROUP}"

    def obstacle(self, layer: Layer) -> str | None:
        """Not a convolution, a group with too many weights, or beyond the format."""
        if layer.operator != CONV:
            return "not a convolution"
        if int(np.count_nonzero(_groups(layer), axis=1).max()) > self.n:
            return f"some four columns hold more than {self.n} weights"
        return None if hasattr(packing, "pack_n_of_m") else NOT_YET

    def occupancy(self, layer: Layer) -> float:
        """Stored values over all weights."""
        return self.n / GROUP

    def features(self, layer: Layer) -> Features:
        """`group`: four columns in a tile of eight positions."""
        columns = len(_groups(layer)) // layer.out_channels * GROUP
        features = conv_features(layer, columns, layer.in_channels % 4 == 0)
        features["group"] = float(len(_groups(layer)) * tiles_of(layer))
        return features

    def pack(self, layer: Layer) -> bytes:
        """Encoding 3."""
        packed: bytes = packing.pack_n_of_m(  # type: ignore[attr-defined]
            layer.weights, layer.multipliers, layer.shifts.astype(np.int8), layer.geometry, self.n
        )
        return packed


def _index_list_obstacle(layer: Layer) -> str | None:
    if not hasattr(packing, "pack_index_list"):
        return NOT_YET
    depth = int(np.prod(layer.weights.shape[1:]))
    fits = depth <= packing.MAX_DEPTH and layer.weights.size <= packing.MAX_MATRIX
    return None if fits and max(layer.weights.shape) < 1 << 16 else "beyond the limits of the packed format"


def _groups(layer: Layer) -> np.ndarray[tuple[int, int], np.dtype[np.int8]]:
    """Weights by fours of a tap's channels, the last four padded with zeros."""
    matrix = packing.as_matrix(layer.weights, (1, GROUP), False)
    return matrix.reshape(-1, GROUP)
