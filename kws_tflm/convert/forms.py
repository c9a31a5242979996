"""The forms that a layer can take, one small class each: dense, and the sparse ones by their method names.

A form says whether it suits a layer, how much of the layer it stores, what the cost model multiplies
its coefficients with, and how the layer is packed. `candidates.py` holds the table of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from kws_tflm.convert import packing
from kws_tflm.convert.layer import CONV, DEPTHWISE, FULLY_CONNECTED, Layer

Features = dict[str, float]
"""What a kernel does how often, by name; cycles are a weighted sum of them."""

TILE = 8
"""Output positions that the convolution kernels hold in registers."""
BYTES_PER_SCALE = 12
"""A quantised channel of a built-in operator: scale (float32) and zero point (int64). Packed forms do without."""

CONV_OPERATOR = "KWS_SPARSE_CONV_2D"
FULLY_CONNECTED_OPERATOR = "KWS_SPARSE_FULLY_CONNECTED"


class Form(ABC):
    """One way to compute a layer."""

    method: str
    """Its name in tables, as `block_1x4`."""
    operator: str | None
    """Custom operator; None for the built-in one."""
    kernel: str | None
    """Built-in operator whose place the kernel takes, as measured rows name it; None: the layer's own."""

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
        (rows, 1, 1, depth), (rows, 1, 1, layer.out_channels), geometry, layer.per_channel,
    )  # fmt: skip


def is_rows(layer: Layer) -> bool:
    """Whether the FULLY_CONNECTED kernels can compute `layer`."""
    return layer.operator == FULLY_CONNECTED or layer.is_single_position


def tiles_of(layer: Layer) -> int:
    """Tiles of output positions; batches do not share one."""
    height, width = layer.output_shape[1:3]
    return layer.input_shape[0] * -(-height * width // TILE)


def conv_features(layer: Layer, columns: int, aligned: bool) -> Features:
    """What every convolution kernel does beside its products: expand the input to int16, scale and store.

    `columns` are those of the expanded tile; `aligned`: its channels can be taken by fours.
    """
    expanded = float(layer.positions * columns)
    taps = float(layer.positions * layer.kernel[0] * layer.kernel[1])
    return {
        "call": 1.0,
        "row": float(layer.out_channels),
        "row_tile": float(layer.out_channels * tiles_of(layer)),
        "output": float(layer.positions * layer.out_channels),
        "tap": taps,
        "expand": expanded if aligned else 0.0,
        "expand_single": 0.0 if aligned else expanded,
    }


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
            return {"call": 1.0, "output": float(rows * units), "product": float(rows * units * depth)}
        if layer.operator == DEPTHWISE:
            return self._depthwise(layer, taps)
        columns = taps * layer.in_channels
        features = conv_features(layer, columns, layer.in_channels % 4 == 0)
        groups = layer.input_shape[0] * -(-layer.positions // layer.input_shape[0] // 4)
        pairs = -(-layer.out_channels // 2)
        features["product"] = float(groups * 4 * pairs * 2 * columns)
        features["weight_tile"] = float(tiles_of(layer) * layer.weights.size)
        return features

    @staticmethod
    def _depthwise(layer: Layer, taps: int) -> Features:
        square = layer.kernel == (3, 3) and layer.geometry.dilation == (1, 1)
        single = layer.out_channels == layer.in_channels
        kind = "multiplied" if not single else "3x3" if square and layer.geometry.stride == (1, 1) else "window"
        outputs = float(layer.positions * layer.out_channels)
        return {
            "call": 1.0,
            "row": float(layer.out_channels),
            "position": float(layer.positions),
            f"output_{kind}": outputs,
            f"product_{kind}": outputs * taps,
            "expand": float(np.prod(layer.input_shape)),
        }

    def pack(self, layer: Layer) -> bytes:
        """The weights as they are."""
        return layer.weights.tobytes()

    def bytes(self, layer: Layer) -> int:
        """Weights and their quantisation."""
        scales = layer.out_channels if layer.per_channel else 1
        return int(layer.weights.size) + BYTES_PER_SCALE * scales


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

    def pack(self, layer: Layer) -> bytes:
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
            return "not a convolution"
        fits = packing.can_pack(layer.weights, self.block_shape, self.flat(layer))
        return None if fits else "beyond the limits of the packed format"

    def features(self, layer: Layer) -> Features:
        """`block`: a stored block in a tile of eight positions; `block_row`: the start of its row."""
        flat = self.flat(layer)
        stored, blocks = self._stored(layer, flat)
        rows = -(-layer.out_channels // self.block_out)
        columns = blocks // rows * self.block_in
        features = conv_features(layer, columns, not flat and layer.in_channels % 4 == 0)
        features["block"] = float(stored * tiles_of(layer))
        features["block_row"] = float(rows * tiles_of(layer))
        return features


@dataclass(frozen=True)
class RowBlocks(Blocks):
    """In a FULLY_CONNECTED."""

    operator: str | None = FULLY_CONNECTED_OPERATOR
    kernel: str | None = FULLY_CONNECTED

    def obstacle(self, layer: Layer) -> str | None:
        """More than one position, or beyond the format."""
        if not is_rows(layer):
            return "not a fully connected layer"
        fits = packing.can_pack(as_rows(layer).weights, self.block_shape, False)
        return None if fits else "beyond the limits of the packed format"

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
        return {
            "call": 1.0,
            "expand": float(batches * rows.in_channels),
            "output": float(batches * rows.out_channels),
            "block": float(batches * stored),
        }

    def pack(self, layer: Layer) -> bytes:
        """Encoding 1, kernel 1x1."""
        return super().pack(as_rows(layer))
