"""The numbers of one layer in each element type, quantised from float."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_tflm.bench.paper.layers import ConvShape
from kws_tflm.features.quantize import quantize_multiplier

Array = npt.NDArray[Any]


class Element(Enum):
    """Element types, numbered as in custom_ops/paper_study/c_api.h."""

    FLOAT32 = 0
    INT16 = 1
    INT8 = 2

    @property
    def label(self) -> str:
        """Name in tables and JSON."""
        return self.name.lower()

    @property
    def dtype(self) -> type[np.generic]:
        """Of activations and weights."""
        return (np.float32, np.int16, np.int8)[self.value]

    @property
    def sum_dtype(self) -> type[np.generic]:
        """Of sums and biases."""
        return np.float32 if self is Element.FLOAT32 else np.int32


@dataclass(frozen=True)
class LayerTensors:
    """One layer, ready for a kernel. Number formats: custom_ops/paper_study/element.h."""

    element: Element
    shape: ConvShape
    input: Array
    """[in_h, in_w, in_c]"""
    weights: Array
    """[out_c, k_h, k_w, in_c]"""
    bias: Array
    """[out_c]; int8: with the input's zero point folded in."""
    multipliers: Array
    shifts: Array
    right_shift: int
    zero_point: int
    relu: bool

    def folded(self, shape: ConvShape) -> LayerTensors:
        """The same numbers in the same order, seen as another geometry (`Layer.row_shape`)."""
        return replace(
            self,
            shape=shape,
            input=self.input.reshape(shape.input_shape),
            weights=self.weights.reshape(shape.weight_shape),
        )

    def channels(self, kept: Array) -> LayerTensors:
        """Only the output channels with the indices `kept`."""
        return replace(
            self,
            shape=self.shape.with_channels(len(kept)),
            weights=self.weights[kept],
            bias=self.bias[kept],
            multipliers=self.multipliers[kept],
            shifts=self.shifts[kept],
        )


@dataclass(frozen=True)
class FloatLayer:
    """One layer in float: what the three element types are made from."""

    shape: ConvShape
    input: Array
    weights: Array
    bias: Array
    relu: bool

    def sums(self) -> Array:
        """Before the activation, [positions, out_c]."""
        columns = windows(self.shape, self.input.astype(np.float64))
        kernel = self.weights.reshape(self.shape.out_c, -1).astype(np.float64)
        result: Array = columns @ kernel.T + self.bias
        return result

    def output(self) -> Array:
        """After the activation, [positions, out_c]."""
        sums = self.sums()
        return np.maximum(sums, 0) if self.relu else sums


def windows(shape: ConvShape, values: Array) -> Array:
    """The inputs that the kernel meets: [positions, k_h * k_w * in_c]."""
    view = np.lib.stride_tricks.sliding_window_view(values, (shape.k_h, shape.k_w), axis=(0, 1))
    view = view[:: shape.stride_h, :: shape.stride_w].transpose(0, 1, 3, 4, 2)
    return view.reshape(shape.positions, -1)


def to_element(layer: FloatLayer, element: Element) -> LayerTensors:
    """`layer` as `element`; zero weights stay zero."""
    return {Element.FLOAT32: _float32, Element.INT16: _int16, Element.INT8: _int8}[element](layer)


def _float32(layer: FloatLayer) -> LayerTensors:
    none = np.zeros(layer.shape.out_c, np.int32)
    values, weights, bias = (v.astype(np.float32) for v in (layer.input, layer.weights, layer.bias))
    return LayerTensors(Element.FLOAT32, layer.shape, values, weights, bias, none, none, 1, 0, layer.relu)


def _int16(layer: FloatLayer) -> LayerTensors:
    """Powers of two: activations fill 16 bits, weights are such that no sum can leave 32 bits."""
    input_bits = _fraction_bits(np.abs(layer.input).max(), 1 << 15)
    row_sums = np.abs(layer.weights).reshape(layer.shape.out_c, -1).sum(axis=1)
    weight_bits = min(
        _fraction_bits(row_sums.max(), 1 << 15),  # |sum| < 2^15 * 2^15, and as much room for the bias
        _fraction_bits(np.abs(layer.weights).max(), 1 << 15),
    )
    output_bits = _fraction_bits(np.abs(layer.output()).max(), 1 << 15)
    right_shift = int(np.clip(input_bits + weight_bits - output_bits, 1, 31))
    none = np.zeros(layer.shape.out_c, np.int32)
    return LayerTensors(
        Element.INT16,
        layer.shape,
        _rounded(layer.input * 2.0**input_bits, np.int16),
        _rounded(layer.weights * 2.0**weight_bits, np.int16),
        _rounded(layer.bias * 2.0 ** (input_bits + weight_bits), np.int32),
        none,
        none,
        right_shift,
        0,
        layer.relu,
    )


def _int8(layer: FloatLayer) -> LayerTensors:
    """TFLite's scheme: asymmetric activations, symmetric weights with one scale a channel."""
    input_scale, input_zero = _asymmetric(layer.input)
    output_scale, output_zero = _asymmetric(layer.output())
    peaks = np.abs(layer.weights).reshape(layer.shape.out_c, -1).max(axis=1)
    weight_scales = np.where(peaks > 0, peaks, 1.0) / 127
    weights = _rounded(layer.weights / weight_scales[:, None, None, None], np.int8)
    bias = np.round(layer.bias / (input_scale * weight_scales)).astype(np.int64)
    bias -= input_zero * weights.reshape(layer.shape.out_c, -1).astype(np.int64).sum(axis=1)
    pairs = [quantize_multiplier(float(input_scale * scale / output_scale)) for scale in weight_scales]
    return LayerTensors(
        Element.INT8,
        layer.shape,
        _rounded(layer.input / input_scale + input_zero, np.int8),
        weights,
        _rounded(bias, np.int32),
        np.array([multiplier for multiplier, _ in pairs], np.int32),
        np.array([shift for _, shift in pairs], np.int32),
        1,
        output_zero,
        layer.relu,
    )


def _fraction_bits(peak: float, limit: int) -> int:
    """Largest b with peak * 2^b < limit; 15 for zeros."""
    return 15 if peak == 0 else int(np.floor(np.log2((limit - 1) / peak)))


def _asymmetric(values: Array) -> tuple[float, int]:
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    scale = (high - low) / 255 or 1.0
    return scale, int(np.clip(round(-128 - low / scale), -128, 127))


def _rounded(values: Array, dtype: type[Any]) -> Array:
    limits = np.iinfo(dtype)
    return np.clip(np.round(values), limits.min, limits.max).astype(dtype)
