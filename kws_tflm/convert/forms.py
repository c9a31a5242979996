"""The forms that a layer can take, one small class each: dense, and the sparse ones by their method names.

A form says whether it suits a layer, how much of the layer it stores, what the cost model multiplies
its coefficients with, and how the layer is packed. `candidates.py` holds the table of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from kws_tflm.convert import packing
from kws_tflm.convert.layer import FULLY_CONNECTED, Layer

Features = dict[str, float]
"""What a kernel does how often, by name; cycles are a weighted sum of them."""

TILE = 8
"""Output positions that the convolution kernels hold in registers."""

MAX_SINGLE_LANES = 3
"""So many positions of a short tile are computed one by one; from here on a whole tile is cheaper."""
CACHE_BYTES = 16 << 10
"""Data cache of the STM32F7x7."""

CONV_OPERATOR = "KWS_SPARSE_CONV_2D"
FULLY_CONNECTED_OPERATOR = "KWS_SPARSE_FULLY_CONNECTED"

BEYOND = "beyond the limits of the packed format"
NO_CONVOLUTION = "not a convolution"
NO_ROWS = "more than one output position"


class Form(ABC):
    """One way to compute a layer."""

    method: str
    """Its name in tables, as `block_1x4`."""
    operator: str | None
    """Custom operator; None for the built-in one."""
    kernel: str | None
    """Built-in operator whose place the kernel takes, as measured rows name it; None: the layer's own."""

    @property
    def figures(self) -> str:
        """The name under which the cost model knows the kernel."""
        return self.method

    @abstractmethod
    def obstacle(self, layer: Layer) -> str | None:
        """Why the form does not suit `layer`; None when it does."""

    @abstractmethod
    def occupancy(self, layer: Layer) -> float:
        """Stored units (weights, blocks, groups) over all units."""

    @abstractmethod
    def features(self, layer: Layer) -> Features:
        """Of one execution."""

    @abstractmethod
    def pack(self, layer: Layer) -> bytes:
        """The constant that takes the place of the weights.

        Raises:
            FormatError: the layer is beyond the limits of the format.
        """

    def bytes(self, layer: Layer) -> int:
        """Flash of the constants, bias left out (it is the same in all forms)."""
        return len(self.pack(layer))


def as_rows(layer: Layer) -> Layer:
    """A convolution over a whole input as the FULLY_CONNECTED that computes the same."""
    depth = int(np.prod(layer.weights.shape[1:]))
    rows = layer.input_shape[0]
    geometry = packing.ConvGeometry(
        activation_min=layer.geometry.activation_min, activation_max=layer.geometry.activation_max
    )
    weights = layer.weights.reshape(layer.out_channels, 1, 1, depth)
    return Layer(
        FULLY_CONNECTED, weights, layer.bias, layer.multipliers, layer.shifts,
        (rows, 1, 1, depth), (rows, 1, 1, layer.out_channels), geometry, layer.per_channel, layer.input_zero_point,
    )  # fmt: skip


def is_rows(layer: Layer) -> bool:
    """Whether the FULLY_CONNECTED kernels can compute `layer`."""
    return layer.operator == FULLY_CONNECTED or layer.is_single_position


def tiles_of(layer: Layer) -> tuple[int, int]:
    """Tiles of output positions, batches not sharing one, and single positions where a short tile is cheaper so."""
    height, width = layer.output_shape[1:3]
    tiles, rest = divmod(height * width, TILE)
    if rest > MAX_SINGLE_LANES:
        tiles, rest = tiles + 1, 0
    return layer.input_shape[0] * tiles, layer.input_shape[0] * rest


def conv_features(layer: Layer, columns: int, aligned: bool) -> Features:
    """What every convolution kernel does beside its products: expand the input to int16, scale and store.

    `columns` are those of the expanded tile; `aligned`: its channels can be taken by fours.
    """
    expanded = float(layer.positions * columns)
    kernel_h, kernel_w = layer.kernel
    return {
        "call": 1.0,
        "output": float(layer.positions * layer.out_channels),
        "tap_row": float(layer.positions * kernel_h),
        "tap": float(layer.positions * kernel_h * kernel_w),
        "expand": expanded if aligned else 0.0,
        "expand_single": 0.0 if aligned else expanded,
    }


def reading(size: int, passes: int) -> Features:
    """Bytes of weights that come from flash: once, and again in every further pass where the cache is too small."""
    overflow = min(max(2.0 * (size - CACHE_BYTES), 0.0), float(size))
    return {"read": float(size), "read_again": overflow * max(passes - 1, 0)}
