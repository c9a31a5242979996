"""Layers made by hand for the forms and the cost model."""

from __future__ import annotations

import numpy as np

from kws_tflm.convert.layer import CONV, DEPTHWISE, FULLY_CONNECTED, Layer
from kws_tflm.convert.packing import ConvGeometry


def layer(weights: np.ndarray, operator: str = CONV, size: tuple[int, int] = (7, 5), same: bool = True) -> Layer:
    """A layer with these weights, stride 1, on an input of `size`; a FULLY_CONNECTED has one row."""
    out_channels = weights.shape[3] if operator == DEPTHWISE else weights.shape[0]
    in_channels = weights.shape[3]
    kernel_h, kernel_w = weights.shape[1:3]
    output = size if same else (size[0] - kernel_h + 1, size[1] - kernel_w + 1)
    if operator == FULLY_CONNECTED:
        size = output = (1, 1)
    return Layer(
        operator, weights.astype(np.int8), np.zeros(out_channels, np.int32),
        np.full(out_channels, 1 << 30, np.int32), np.full(out_channels, -7, np.int64),
        (1, *size, in_channels), (1, *output, out_channels), ConvGeometry(same_padding=same),
    )  # fmt: skip


def pruned(shape: tuple[int, ...], density: float, seed: int = 0) -> np.ndarray:
    """Random weights, single ones zero."""
    rng = np.random.default_rng(seed)
    return (rng.integers(1, 100, shape) * (rng.random(shape) < density)).astype(np.int8)
