"""The sparse form of a depthwise layer: filter rows that hold a nonzero weight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kws_tflm.convert.depthwise_kernels import depthwise_features
from kws_tflm.convert.forms import BEYOND, Features, Form
from kws_tflm.convert.layer import DEPTHWISE, Layer
from kws_tflm.convert.packing_depthwise import can_pack_depthwise, depthwise_bytes, pack_depthwise

DEPTHWISE_OPERATOR = "KWS_SPARSE_DEPTHWISE_CONV_2D"


@dataclass(frozen=True)
class RowPruned(Form):
    """Rows of a channel's filter that are zero are left out; without such rows it still saves the scales."""

    method: str = "row_pruned"
    operator: str | None = DEPTHWISE_OPERATOR
    kernel: str | None = DEPTHWISE

    def obstacle(self, layer: Layer) -> str | None:
        """Not a depthwise layer, or beyond the format."""
        if layer.operator != DEPTHWISE:
            return "not a depthwise layer"
        return None if can_pack_depthwise(layer.weights[0], layer.in_channels) else BEYOND

    def occupancy(self, layer: Layer) -> float:
        """Stored rows over all rows."""
        return float(np.mean(layer.weights[0].any(axis=1)))

    def features(self, layer: Layer) -> Features:
        """As dense, with the products of the stored rows."""
        stored = int(layer.weights[0].any(axis=1).sum())
        return depthwise_features(layer, float(layer.positions * stored * layer.kernel[1]), float(stored))

    def pack(self, layer: Layer) -> bytes:
        """A KWSD buffer."""
        return pack_depthwise(
            layer.weights[0], layer.multipliers, layer.shifts.astype(np.int8), layer.geometry, layer.in_channels
        )

    def bytes(self, layer: Layer) -> int:
        """Of the packed buffer."""
        return depthwise_bytes(layer.weights[0])
