"""An operator of a `.tflite` -> `Layer`, or why no sparse form can stand for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_tflm.convert.layer import CONV, DEPTHWISE, FULLY_CONNECTED, Layer
from kws_tflm.convert.model import constant, indices, shape_of
from kws_tflm.convert.packing import MAX_STEP, ConvGeometry
from kws_tflm.convert.quantization import activation_range, conv_multipliers, fully_connected_multiplier
from kws_tflm.convert.schema import operator_name, schema, text, type_name

MAX_LEFT_SHIFT = 30
_SHAPE_SUFFIX = re.compile(r"/\d+(x\d+)+$")


@dataclass(frozen=True)
class Operands:
    """The tensors of an operator, by index; `bias` is -1 where there is none."""

    source: int
    kernel: int
    bias: int
    result: int


class _ObstacleError(Exception):
    """Why an operator is not read; never leaves this module."""


def is_weighted(model: Any, op: Any) -> bool:
    """Whether `op` is one of the three operators that have weights."""
    return operator_name(model.operatorCodes[op.opcodeIndex]) in (CONV, DEPTHWISE, FULLY_CONNECTED)


def layer_name(model: Any, op: Any) -> str:
    """Name of the operator's result, without what converters, this one too, have joined to it."""
    name = text(model.subgraphs[0].tensors[indices(op.outputs)[0]].name).split(";")[0]
    return _SHAPE_SUFFIX.sub("", name)


def operands(op: Any) -> Operands:
    """The tensors of a weighted operator; -1 for what is missing."""
    source, kernel, bias = (*indices(op.inputs), -1, -1, -1)[:3]
    return Operands(source, kernel, bias, indices(op.outputs)[0])


def read_layer(model: Any, op: Any) -> tuple[Layer | None, str]:
    """The layer, or None and why only the built-in operator can compute it."""
    try:
        return _read(model, op, operator_name(model.operatorCodes[op.opcodeIndex])), ""
    except _ObstacleError as obstacle:
        return None, str(obstacle)


def _read(model: Any, op: Any, operator: str) -> Layer:
    tensors = model.subgraphs[0].tensors
    use = operands(op)
    _need(use.source >= 0 and use.kernel >= 0, "an input is missing")
    source, kernel, result = tensors[use.source], tensors[use.kernel], tensors[use.result]
    _need({type_name(tensor.type) for tensor in (source, kernel, result)} == {"INT8"}, "not int8")
    stored = constant(model, kernel)
    _need(stored is not None and stored.size > 0, "weights are not constant")
    assert stored is not None
    _need(stored.ndim == (2 if operator == FULLY_CONNECTED else 4), "malformed weights")
    shapes = _shapes(operator, shape_of(source), shape_of(result), stored.shape)
    weights = stored.reshape(len(stored), 1, 1, -1) if operator == FULLY_CONNECTED else stored
    out_channels = shapes[1][3]
    bias = _bias(model, use.bias, out_channels)
    multipliers, shifts, scales = _multipliers(operator, source, kernel, result, out_channels)
    geometry = _geometry(op, operator, result)
    zero_point = int(source.quantization.zeroPoint[0])
    return Layer(operator, weights, bias, multipliers, shifts, *shapes, geometry, scales > 1, zero_point)


Shape = tuple[int, int, int, int]


def _shapes(
    operator: str, source: tuple[int, ...], result: tuple[int, ...], weights: tuple[int, ...]
) -> tuple[Shape, Shape]:
    """Input and output as four sides, checked against the weights."""
    _need(min((*source, *result), default=0) >= 1, "malformed shapes")
    if operator == FULLY_CONNECTED:
        units, depth = weights
        rows, rest = divmod(int(np.prod(source)), depth)
        _need(rest == 0 and int(np.prod(result)) == rows * units, "malformed fully connected layer")
        return (rows, 1, 1, depth), (rows, 1, 1, units)
    _need(len(source) == 4 and len(result) == 4, "not two-dimensional")
    if operator == DEPTHWISE:
        _need(weights[0] == 1 and weights[3] == result[3] and result[3] % source[3] == 0, "malformed convolution")
    else:
        _need(source[3] == weights[3] and result[3] == weights[0], "grouped or malformed convolution")
    return (source[0], source[1], source[2], source[3]), (result[0], result[1], result[2], result[3])


def _bias(model: Any, index: int, out_channels: int) -> npt.NDArray[np.int32]:
    if index < 0:
        return np.zeros(out_channels, np.int32)
    bias = constant(model, model.subgraphs[0].tensors[index])
    _need(bias is not None, "the bias is not constant")
    assert bias is not None
    _need(bias.dtype == np.int32 and bias.shape == (out_channels,), "bias is not int32, one value an output channel")
    return bias.astype(np.int32)


def _multipliers(
    operator: str, source: Any, kernel: Any, result: Any, out_channels: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64], int]:
    """Multipliers and shifts of every output channel, and the number of scales of the weights."""
    scales = [_scales(tensor) for tensor in (source, kernel, result)]
    single = scales[0].size == scales[2].size == 1 and scales[1].size in (1, out_channels)
    _need(single and scales[2][0] > 0, "quantisation parameters are missing")
    _need(not np.any(np.asarray(kernel.quantization.zeroPoint) != 0), "weights are not symmetric")
    if operator == FULLY_CONNECTED and scales[1].size == 1:
        multipliers, shifts = fully_connected_multiplier(scales[0][0], scales[1][0], scales[2][0], out_channels)
    else:
        multipliers, shifts = conv_multipliers(float(scales[0][0]), scales[1], float(scales[2][0]), out_channels)
    _need(int(shifts.max()) <= MAX_LEFT_SHIFT, "output scale is out of range")
    return multipliers, shifts, int(scales[1].size)


def _geometry(op: Any, operator: str, result: Any) -> ConvGeometry:
    options = op.builtinOptions
    _need(options is not None, "the operator has no options")
    scale, zero_point = float(_scales(result)[0]), int(result.quantization.zeroPoint[0])
    clamp = activation_range(schema(), options.fusedActivationFunction, scale, zero_point)
    _need(clamp is not None and clamp[0] <= clamp[1], "its activation is not supported")
    assert clamp is not None
    if operator == FULLY_CONNECTED:
        return ConvGeometry(activation_min=clamp[0], activation_max=clamp[1])
    steps = (options.strideH, options.strideW, options.dilationHFactor, options.dilationWFactor)
    _need(all(1 <= step <= MAX_STEP for step in steps), "stride or dilation is out of range")
    same = options.padding == schema().Padding.SAME
    return ConvGeometry(steps[:2], steps[2:], same, *clamp)


def _scales(tensor: Any) -> npt.NDArray[np.float32]:
    quantization = tensor.quantization
    missing = quantization is None or quantization.scale is None
    return np.zeros(0, np.float32) if missing else np.asarray(quantization.scale, np.float32)


def _need(condition: bool, obstacle: str) -> None:
    if not condition:
        raise _ObstacleError(obstacle)
