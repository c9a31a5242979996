"""FULLY_CONNECTED -> 1x1 CONV_2D, so that every runner rounds alike, and has a kernel at all.

TFLite rounds twice when it scales an int8 accumulator; TensorFlow 2.21 does so in CONV_2D but rounds once in
FULLY_CONNECTED, where TFLM of 2020 and CMSIS-NN round twice: about one output in 500 is one step apart.
On rows as positions the two operators are the same sum, and CONV_2D gives the same bytes everywhere. A
FULLY_CONNECTED with a scale for each unit, as TensorFlow writes it by default, TFLM of 2020 does not have.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kws_tflm.convert.graph_edit import CONV_VERSION, name_of, opcode, reshape_operator, reshaped, zero_bias
from kws_tflm.convert.model import constant, drop_unused, indices, shape_of
from kws_tflm.convert.schema import builtin_code, schema


def fully_connected_as_conv(model: Any, *, per_channel_only: bool = False) -> int:
    """Rewrite the FULLY_CONNECTED operators in place; returns how many.

    `per_channel_only`: leave those with one scale, which TFLM has.
    """
    graph = model.subgraphs[0]
    rewritten = 0
    for op in list(graph.operators):
        if name_of(model, op) != "FULLY_CONNECTED":
            continue
        source, kernel = indices(op.inputs)[:2]
        result = indices(op.outputs)[0]
        weights = constant(model, graph.tensors[kernel])
        if weights is None or weights.ndim != 2 or weights.dtype != np.int8:
            continue
        scales = len(graph.tensors[kernel].quantization.scale)
        out_channels, in_channels = weights.shape
        if scales not in (1, out_channels) or (per_channel_only and scales == 1):
            continue
        rows, rest = divmod(int(np.prod(shape_of(graph.tensors[source]))), in_channels)
        if rest or int(np.prod(shape_of(graph.tensors[result]))) != rows * out_channels:
            continue
        before = reshaped(model, source, (1, rows, 1, in_channels))
        after = reshaped(model, result, (1, rows, 1, out_channels))
        position = graph.operators.index(op)
        graph.operators.insert(position, reshape_operator(model, source, before))
        graph.operators.insert(position + 2, reshape_operator(model, after, result))
        _become_conv(model, op, before, reshaped(model, kernel, (out_channels, 1, 1, in_channels)), after)
        rewritten += 1
    if rewritten:
        _join_reshapes(model)
        drop_unused(model)
    return rewritten


def _become_conv(model: Any, op: Any, source: int, kernel: int, result: int) -> None:
    options = schema().Conv2DOptionsT()
    options.padding = schema().Padding.VALID
    options.strideH = options.strideW = options.dilationHFactor = options.dilationWFactor = 1
    options.fusedActivationFunction = op.builtinOptions.fusedActivationFunction
    bias = (*indices(op.inputs)[2:], -1)[0]
    op.inputs = np.array([source, kernel, bias if bias >= 0 else zero_bias(model, source, kernel)], np.int32)
    op.outputs = np.array([result], np.int32)
    op.builtinOptionsType = schema().BuiltinOptions.Conv2DOptions
    op.builtinOptions = options
    op.opcodeIndex = opcode(model, schema().BuiltinOperator.CONV_2D, CONV_VERSION)


def _join_reshapes(model: Any) -> None:
    """RESHAPE of a RESHAPE: the second reads the first's input; one that changes nothing or is unread goes."""
    graph = model.subgraphs[0]
    code = schema().BuiltinOperator.RESHAPE
    reshapes = [op for op in graph.operators if builtin_code(model.operatorCodes[op.opcodeIndex]) == code]
    origin: dict[int, int] = {}
    for op in reshapes:
        source = indices(op.inputs)[0]
        origin[indices(op.outputs)[0]] = origin.get(source, source)
        op.inputs = np.array([origin.get(source, source), *indices(op.inputs)[1:]], np.int32)
    for op in reshapes:
        source, result = indices(op.inputs)[0], indices(op.outputs)[0]
        if shape_of(graph.tensors[source]) == shape_of(graph.tensors[result]) and result not in indices(graph.outputs):
            for reader in graph.operators:
                reader.inputs = np.array([source if i == result else i for i in indices(reader.inputs)], np.int32)
    for op in reversed(reshapes):
        result = indices(op.outputs)[0]
        read = any(result in indices(reader.inputs) for reader in graph.operators)
        if not read and result not in indices(graph.outputs):
            graph.operators.remove(op)
