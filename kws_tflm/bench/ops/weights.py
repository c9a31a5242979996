"""Seeded int8 layers, pruned exactly as far as asked, in the groups that a method skips."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_tflm.bench.ops.layers import DEPTHWISE, FULLY_CONNECTED, Layer
from kws_tflm.convert.layer import Layer as ConvertedLayer
from kws_tflm.convert.packing import ConvGeometry
from kws_tflm.convert.quantization import conv_multipliers

Weights = npt.NDArray[np.int8]
Mask = npt.NDArray[np.bool_]

INPUT_SCALE = OUTPUT_SCALE = 0.05
INPUT_ZERO_POINT = -128
"""As behind a ReLU."""


@dataclass(frozen=True)
class Tensors:
    """A layer with its constants, zeros in place."""

    layer: Layer
    weights: Weights
    """[out, kernel_h, kernel_w, in]; DEPTHWISE_CONV_2D: [1, kernel_h, kernel_w, channels]."""
    bias: npt.NDArray[np.int32]
    scales: npt.NDArray[np.float32]
    """Of the weights: one a channel, one alone for FULLY_CONNECTED."""
    output_scale: float
    output_zero_point: int
    input_scale: float = INPUT_SCALE
    input_zero_point: int = INPUT_ZERO_POINT
    before: Tensors | None = None
    """The depthwise half of a separable convolution, whose output this layer reads."""

    @property
    def out_channels(self) -> int:
        """Fewer than the layer's once channels are pruned."""
        return len(self.bias)

    @property
    def zeros(self) -> float:
        """Fraction of the weights that are zero."""
        return float(np.mean(self.weights == 0))

    def pruned(self, keep: Mask) -> Tensors:
        """The same layer without the weights where `keep` is false."""
        return replace(self, weights=np.where(keep, self.weights, 0).astype(np.int8))

    def as_converted(self) -> ConvertedLayer:
        """As the converter sees it. The fused ReLU clamps at -128, the output's zero point, and so not at all."""
        layer = self.layer
        multipliers, shifts = conv_multipliers(self.input_scale, self.scales, self.output_scale, self.out_channels)
        in_channels = self.out_channels if layer.operator == DEPTHWISE else layer.in_channels
        return ConvertedLayer(
            layer.operator, self.weights, self.bias, multipliers, shifts,
            (1, *layer.input, in_channels), (1, *layer.output, self.out_channels),
            ConvGeometry(stride=layer.stride, dilation=layer.dilation, same_padding=layer.same), len(self.scales) > 1,
            self.input_zero_point,
        )  # fmt: skip


def draw(
    layer: Layer, seed: int = 1, *, input_scale: float = INPUT_SCALE, input_zero_point: int = INPUT_ZERO_POINT
) -> Tensors:
    """Random constants, none of the weights zero; outputs spread over the int8 range."""
    rng = np.random.default_rng([seed, zlib.crc32(f"{layer.operator} {layer.shape}".encode())])
    if layer.operator == DEPTHWISE:
        shape = (1, *layer.kernel, layer.out_channels)
    else:
        shape = (layer.out_channels, *layer.kernel, layer.in_channels)
    weights = (rng.integers(1, 128, shape) * rng.choice([-1, 1], shape)).astype(np.int8)
    n_scales = 1 if layer.operator == FULLY_CONNECTED else layer.out_channels
    spread = 74 * 148 * np.sqrt(layer.depth)  # RMS of weight and of input above its zero point
    scales = np.exp(rng.uniform(-0.5, 0.5, n_scales)) * OUTPUT_SCALE * 60 / (spread * input_scale)
    bias = rng.normal(0, spread / 4, layer.out_channels).astype(np.int32)
    output_zero_point = -128 if layer.relu else 3
    before = draw(layer.depthwise, seed) if layer.behind_depthwise else None
    return Tensors(
        layer, weights, bias, scales.astype(np.float32), OUTPUT_SCALE, output_zero_point, input_scale,
        input_zero_point, before,
    )  # fmt: skip


def random_groups(count: int, sparsity: float, rng: np.random.Generator) -> Mask:
    """`count` flags, of which round(sparsity * count) are false."""
    keep = np.ones(count, bool)
    keep[rng.permutation(count)[: round(sparsity * count)]] = False
    return keep


def single_weights(tensors: Tensors, sparsity: float, rng: np.random.Generator) -> Mask:
    """Unstructured."""
    return random_groups(tensors.weights.size, sparsity, rng).reshape(tensors.weights.shape)


def blocks(tensors: Tensors, sparsity: float, rng: np.random.Generator, block: tuple[int, int], flat: bool) -> Mask:
    """Blocks of (output channels, columns) of the packed matrix; see `packing.as_matrix`."""
    out_channels, kernel_h, kernel_w, in_channels = tensors.weights.shape
    run = kernel_h * kernel_w * in_channels if flat else in_channels
    rows, columns = -(-out_channels // block[0]), -(-run // block[1])
    taps = 1 if flat else kernel_h * kernel_w
    keep: Any = random_groups(rows * taps * columns, sparsity, rng).reshape(rows, taps, columns)
    keep = keep.repeat(block[0], axis=0).repeat(block[1], axis=2)[:out_channels, :, :run]
    return np.asarray(keep.reshape(tensors.weights.shape), bool)


def n_of_m(tensors: Tensors, rng: np.random.Generator, n: int, m: int) -> Mask:
    """`n` of each `m` consecutive input channels (columns, where there is one input channel) are kept."""
    out_channels = tensors.weights.shape[0]
    run = tensors.weights.shape[3] if tensors.weights.shape[3] > 1 else tensors.weights[0].size
    lines = tensors.weights.size // run
    keep = np.argsort(rng.random((lines, -(-run // m), m)), axis=2) < n
    return keep.reshape(lines, -1)[:, :run].reshape((out_channels, *tensors.weights.shape[1:]))


def filter_rows(tensors: Tensors, sparsity: float, rng: np.random.Generator) -> Mask:
    """Rows of the filter, a channel at a time."""
    kernel_h, channels = tensors.weights.shape[1], tensors.weights.shape[3]
    keep = random_groups(kernel_h * channels, sparsity, rng).reshape(1, kernel_h, 1, channels)
    return np.asarray(np.broadcast_to(keep, tensors.weights.shape), bool)


def without_channels(tensors: Tensors, sparsity: float) -> Tensors:
    """The first output channels only; at least one. (Which ones makes no difference to the time.)"""
    n = max(1, tensors.out_channels - round(sparsity * tensors.out_channels))
    scales = tensors.scales if len(tensors.scales) == 1 else tensors.scales[:n]
    weights = tensors.weights[..., :n] if tensors.layer.operator == DEPTHWISE else tensors.weights[:n]
    return replace(tensors, weights=weights, bias=tensors.bias[:n], scales=scales)
