"""Which kernel computes a depthwise layer, and what it does how often."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kws_tflm.convert.forms import Features
from kws_tflm.convert.layer import Layer
from kws_tflm.convert.packing_depthwise import PackedDepthwise

QUAD, BLOCK, PLANE_GROUP = 4, 6, 5
"""Channels at a time; outputs of one turn of the loops along a row; row pairs that 3x3 weaves at a time."""
MAX_STEPS, MAX_TAPS, MAX_STRIDE, LEAST_OUTPUTS = 8, 64, 2, 4
"""Of the kernel along rows: pairs of taps of a filter row, taps, stride, outputs of a channel (depthwise_rows.cc)."""


@dataclass(frozen=True)
class DepthwiseShape:
    """What the choice of the kernel depends on; sizes are (height, width)."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    in_channels: int
    out_channels: int
    outputs: int = LEAST_OUTPUTS
    """Positions of the output; where the size of the input is not known, enough of them."""


def shape_of_layer(layer: Layer) -> DepthwiseShape:
    """Of a layer of a model."""
    geometry, outputs = layer.geometry, layer.output_shape[1] * layer.output_shape[2]
    channels = layer.in_channels, layer.out_channels
    return DepthwiseShape(layer.kernel, geometry.stride, geometry.dilation, *channels, outputs)


def shape_of_packed(packed: PackedDepthwise) -> DepthwiseShape:
    """Of packed weights, whose input is not known."""
    height, width, channels = packed.weights.shape
    geometry = packed.geometry
    return DepthwiseShape((height, width), geometry.stride, geometry.dilation, packed.in_channels, channels)


def depthwise_kernel(shape: DepthwiseShape) -> str:
    """``3x3``, ``lines`` (along the rows of filters), ``window`` (position by position) or ``multiplied``.

    As the kernels choose, but for the size of their scratch.
    """
    kernel, stride, dilation = shape.kernel, shape.stride, shape.dilation
    if shape.out_channels != shape.in_channels:
        return "multiplied"
    if shape.out_channels < QUAD:
        return "window"
    if kernel == (3, 3) and dilation == stride == (1, 1):
        return "3x3"
    axis = 0 if kernel[1] == 1 else 1
    dilated = any(size > 1 and step > 1 for size, step in zip(kernel, dilation, strict=True))
    large = kernel[0] * kernel[1] > MAX_TAPS or steps(kernel[axis], stride[axis]) > MAX_STEPS
    if kernel[axis] < 2 or large or dilated or stride[axis] > MAX_STRIDE or shape.outputs < LEAST_OUTPUTS:
        return "window"
    return "lines"


def steps(taps: int, stride: int) -> int:
    """Pairs of taps of one filter row: sums of odd outputs begin one tap earlier."""
    return taps // 2 + 1 if stride == 1 else -(-taps // 2)


def depthwise_features(layer: Layer, products: float, rows: float) -> Features:
    """Of the depthwise kernels.

    `rows`: filter rows or channels that are handled one by one. Channels beyond a multiple of four are singles,
    or cost as much as a quad.
    """
    kind = depthwise_kernel(shape_of_layer(layer))
    tail = layer.out_channels % QUAD if kind == "window" else 0
    by_fours = 1.0 - tail / layer.out_channels
    total = float(layer.positions * layer.out_channels)
    features = {
        "call": 1.0,
        "output_single": total * (1.0 - by_fours),
        "product_single": products * (1.0 - by_fours),
    }
    if kind == "lines":
        return features | _line_features(layer)
    features["row"] = rows
    features[f"product_{kind}"] = products * by_fours
    if kind == "3x3":
        return features | _plane_features(layer)
    features["position"] = float(layer.positions)
    features["expand"] = float(np.prod(layer.input_shape))
    features[f"output_{kind}"] = total * by_fours
    return features


def _plane_features(layer: Layer) -> Features:
    """3x3: row pairs in groups (depthwise_planes.h)."""
    batches, height, width, _ = layer.output_shape
    quads = batches * -(-layer.out_channels // QUAD)
    pairs = -(-height // 2)
    groups = -(-pairs // PLANE_GROUP)
    return {
        "plane_group": float(quads * groups),
        "plane_pair": float(quads * pairs),
        "plane_column": float(quads * pairs * width),
    }


def _line_features(layer: Layer) -> Features:
    """Along the row: what is done for whole blocks of outputs, with the border and zero rows as data."""
    axis = 0 if layer.kernel[1] == 1 else 1
    batches, quads = layer.input_shape[0], -(-layer.out_channels // QUAD)
    taps, stride = layer.kernel[axis], layer.geometry.stride[axis]
    filter_rows = 1 if axis == 0 else layer.kernel[0]
    width, lines = layer.output_shape[1 + axis], layer.output_shape[2 - axis]
    # Input rows are woven once, unless the stride leaves rows out.
    woven = lines * min(filter_rows, layer.geometry.stride[1 - axis])
    units = batches * lines * quads * QUAD * -(-width // BLOCK)
    pairs = steps(taps, stride)
    return {
        "line_pair": float(batches * woven * quads * -(-layer.input_shape[1 + axis] // 2)),
        "line_taps": float(quads * filter_rows * pairs),
        "line_unit": float(units),
        "line_row": float(units * (filter_rows if filter_rows > 1 else 0)),
        "line_step": float(units * filter_rows * pairs),
    }
