"""The dense form: what every other is compared with."""

from __future__ import annotations

from dataclasses import dataclass

from kws_tflm.convert.depthwise_kernels import depthwise_features
from kws_tflm.convert.forms import Features, Form, conv_features, reading
from kws_tflm.convert.layer import DEPTHWISE, FULLY_CONNECTED, Layer

BYTES_PER_SCALE = 12
"""A quantised channel of a built-in operator: scale (float32) and zero point (int64). Packed forms do without."""

GROUP_BYTES = 2048
"""Expanded input that the dense convolution keeps while it goes over the weights once."""


@dataclass(frozen=True)
class Dense(Form):
    """The built-in operator with the project's M7 kernels."""

    method: str = "dense_m7"
    operator: str | None = None
    kernel: str | None = None

    def obstacle(self, layer: Layer) -> str | None:
        """Never one."""
        return None

    def occupancy(self, layer: Layer) -> float:
        """Everything is stored."""
        return 1.0

    def features(self, layer: Layer) -> Features:
        """Products are counted with the border as if it were data."""
        kernel_h, kernel_w = layer.kernel
        taps = kernel_h * kernel_w
        if layer.operator == FULLY_CONNECTED:
            rows, units, depth = layer.input_shape[0], layer.out_channels, layer.in_channels
            return {
                "call": 1.0,
                "expand": float(rows * depth),
                "output": float(rows * units),
                "product": float(rows * (units - units % 4) * depth),
                "product_single": float(rows * (units % 4) * depth),
                **reading(self.bytes(layer), rows),
            }
        if layer.operator == DEPTHWISE:
            channels = layer.out_channels
            return depthwise_features(layer, float(layer.positions * channels * taps), float(channels))
        columns = taps * layer.in_channels
        groups, pairs = layer.input_shape[0] * -(-layer.positions // layer.input_shape[0] // 4), -(-columns // 8) * 4
        passes = -(-groups // max(GROUP_BYTES // (pairs * 16), 1))
        features = conv_features(layer, columns, layer.in_channels % 4 == 0)
        features |= reading(self.bytes(layer), passes)
        features["product"] = float(groups * 4 * -(-layer.out_channels // 2) * 2 * pairs * 2)
        features["weight_pass"] = float(passes * layer.weights.size)
        return features

    def pack(self, layer: Layer) -> bytes:
        """The weights as they are."""
        return layer.weights.tobytes()

    def bytes(self, layer: Layer) -> int:
        """Weights and their quantisation."""
        scales = layer.out_channels if layer.per_channel else 1
        return int(layer.weights.size) + BYTES_PER_SCALE * scales
