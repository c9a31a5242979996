"""What every kernel of the study must give: the layer in numpy, zeros in place."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from kws_tflm.bench.paper.tensors import Element, LayerTensors, windows

Array = npt.NDArray[Any]

FLOAT_TOLERANCE = 2e-6
"""Of float outputs, relative to the sum of the absolute products: order and fusing of the additions differ."""


def outputs(tensors: LayerTensors) -> Array:
    """[positions, out_c]; integers to the bit, float within `FLOAT_TOLERANCE`."""
    if tensors.element is Element.FLOAT32:
        sums = _products(tensors, np.float64) + tensors.bias.astype(np.float64)
        return np.maximum(sums, 0) if tensors.relu else sums
    sums = _products(tensors, np.int64) + tensors.bias.astype(np.int64)
    wrapped = sums.astype(np.uint32).astype(np.int32).astype(np.int64)
    return _int16(tensors, wrapped) if tensors.element is Element.INT16 else _int8(tensors, wrapped)


def agree(tensors: LayerTensors, found: Array) -> bool:
    """Whether `found`, [positions, out_c], is right."""
    expected = outputs(tensors)
    if tensors.element is not Element.FLOAT32:
        return bool(np.array_equal(expected, found))
    magnitude = windows(tensors.shape, np.abs(tensors.input.astype(np.float64))) @ np.abs(
        tensors.weights.reshape(tensors.shape.out_c, -1).astype(np.float64).T
    ) + np.abs(tensors.bias)
    return bool(np.all(np.abs(expected - found) <= FLOAT_TOLERANCE * magnitude + 1e-30))


def _products(tensors: LayerTensors, dtype: type[Any]) -> Array:
    columns = windows(tensors.shape, tensors.input.astype(dtype))
    result: Array = columns @ tensors.weights.reshape(tensors.shape.out_c, -1).astype(dtype).T
    return result


def _int16(tensors: LayerTensors, sums: Array) -> Array:
    rounded = (sums >> tensors.right_shift) + ((sums >> (tensors.right_shift - 1)) & 1)
    return np.clip(rounded, 0 if tensors.relu else -32768, 32767).astype(np.int16)


def _int8(tensors: LayerTensors, sums: Array) -> Array:
    """TFLite's double rounding: a rounding doubling high multiply, then a rounding shift, ties away from zero."""
    left, right = np.maximum(tensors.shifts, 0).astype(np.int64), np.maximum(-tensors.shifts, 0).astype(np.int64)
    shifted = (sums << left).astype(np.uint32).astype(np.int32).astype(np.int64)
    high = (shifted * tensors.multipliers.astype(np.int64) + (1 << 30)) >> 31
    high = high.astype(np.uint32).astype(np.int32).astype(np.int64)
    mask = (1 << right) - 1
    rounded = (high >> right) + ((high & mask) > (mask >> 1) + (high < 0))
    low = tensors.zero_point if tensors.relu else -128
    result: Array = np.clip(rounded + tensors.zero_point, low, 127).astype(np.int8)
    return result


def output_bytes(tensors: LayerTensors) -> int:
    """Size of the output of a layer."""
    return tensors.shape.positions * tensors.shape.out_c * np.dtype(tensors.element.dtype).itemsize
