"""FULLY_CONNECTED -> 1x1 CONV_2D, so that every runner rounds alike.

TFLite rounds twice when it scales an int8 accumulator; TensorFlow 2.21 does so in CONV_2D but rounds once in
FULLY_CONNECTED, where TFLM of 2020 and CMSIS-NN round twice: about one output in 500 is one step apart.
On one position the two operators are the same sum, and CONV_2D gives the same bytes everywhere.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from kws_tflm.convert.model import add_buffer, constant, drop_unused, indices, shape_of
from kws_tflm.convert.schema import builtin_code, schema, text

CONV_VERSION = 3
"""int8, in TFLite's operator versions."""


def fully_connected_as_conv(model: Any) -> int:
    """Rewrite the FULLY_CONNECTED operators on a single row in place; returns how many."""
    graph = model.subgraphs[0]
    rewritten = 0
    for op in list(graph.operators):
        if builtin_code(model.operatorCodes[op.opcodeIndex]) != schema().BuiltinOperator.FULLY_CONNECTED:
            continue
        source, kernel = indices(op.inputs)[:2]
        result = indices(op.outputs)[0]
        weights = constant(model, graph.tensors[kernel])
        if weights is None or weights.ndim != 2 or weights.dtype != np.int8:
            continue
        if len(graph.tensors[kernel].quantization.scale) != 1:
            continue
        out_channels, in_channels = weights.shape
        rows = int(np.prod(shape_of(graph.tensors[source]))) // in_channels
        if rows != 1 or int(np.prod(shape_of(graph.tensors[result]))) != out_channels:
            continue
        before = _like(model, source, (1, 1, 1, in_channels))
        after = _like(model, result, (1, 1, 1, out_channels))
        position = graph.operators.index(op)
        graph.operators.insert(position, _reshape(model, source, before))
        graph.operators.insert(position + 2, _reshape(model, after, result))
        _become_conv(model, op, before, _like(model, kernel, (out_channels, 1, 1, in_channels)), after)
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
    op.opcodeIndex = _opcode(model, schema().BuiltinOperator.CONV_2D, CONV_VERSION)


def zero_bias(model: Any, source: int, kernel: int) -> int:
    """TFLite's CONV_2D wants a bias where FULLY_CONNECTED does without."""
    graph = model.subgraphs[0]
    out_channels = shape_of(graph.tensors[kernel])[0]
    scales = [np.float32(graph.tensors[i].quantization.scale[0]) for i in (source, kernel)]
    bias = schema().TensorT()
    bias.name = f"{text(graph.tensors[kernel].name)}/bias"
    bias.shape = np.array([out_channels], np.int32)
    bias.type = schema().TensorType.INT32
    bias.buffer = add_buffer(model, bytes(4 * out_channels))
    bias.quantization = schema().QuantizationParametersT()
    bias.quantization.scale = np.array([scales[0] * scales[1]], np.float32)
    bias.quantization.zeroPoint = np.zeros(1, np.int64)
    graph.tensors.append(bias)
    return len(graph.tensors) - 1


def _reshape(model: Any, source: int, result: int) -> Any:
    """A RESHAPE operator; its shape stands both in a constant and in the options, as converters write it."""
    graph = model.subgraphs[0]
    shape = np.array(shape_of(graph.tensors[result]), np.int32)
    constant_shape = schema().TensorT()
    constant_shape.name = f"{text(graph.tensors[result].name)}/shape"
    constant_shape.shape = np.array([len(shape)], np.int32)
    constant_shape.type = schema().TensorType.INT32
    constant_shape.buffer = add_buffer(model, shape.astype("<i4").tobytes())
    graph.tensors.append(constant_shape)
    op = schema().OperatorT()
    op.opcodeIndex = _opcode(model, schema().BuiltinOperator.RESHAPE, 1)
    op.inputs = np.array([source, len(graph.tensors) - 1], np.int32)
    op.outputs = np.array([result], np.int32)
    op.builtinOptionsType = schema().BuiltinOptions.ReshapeOptions
    op.builtinOptions = schema().ReshapeOptionsT()
    op.builtinOptions.newShape = shape
    return op


def _like(model: Any, tensor: int, shape: tuple[int, ...]) -> int:
    """A new tensor of the same type, quantisation and constant data in another shape; returns its index."""
    graph = model.subgraphs[0]
    new = copy.copy(graph.tensors[tensor])
    new.name = f"{text(new.name)}/{'x'.join(map(str, shape))}"
    new.shape = np.array(shape, np.int32)
    new.shapeSignature = None
    if constant(model, graph.tensors[tensor]) is None:
        new.buffer = add_buffer(model, b"")
    graph.tensors.append(new)
    return len(graph.tensors) - 1


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


def _opcode(model: Any, builtin: int, version: int) -> int:
    for index, code in enumerate(model.operatorCodes):
        if builtin_code(code) == builtin:
            code.version = max(code.version, version)
            return index
    code = schema().OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = builtin
    code.version = version
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1
