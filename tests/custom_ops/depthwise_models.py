"""Models of one depthwise operator, built-in or custom, and of a pair with a 1x1 convolution behind it."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from dense_case import CONV, DenseCase

from kws_tflm.convert.layer import Layer
from kws_tflm.convert.layer_reading import operands, read_layer
from kws_tflm.convert.model import add_buffer, constant, drop_unused, parse, serialize
from kws_tflm.convert.packing import pack
from kws_tflm.convert.packing_depthwise import pack_depthwise
from kws_tflm.convert.schema import schema

ROW_PRUNED, SPARSE_CONV = "KWS_SPARSE_DEPTHWISE_CONV_2D", "KWS_SPARSE_CONV_2D"


def keep_weights(model: Any, index: int, keep: np.ndarray) -> None:
    """Zero the weights of operator `index` where `keep` is false."""
    kernel = model.subgraphs[0].tensors[operands(model.subgraphs[0].operators[index]).kernel]
    weights = constant(model, kernel)
    assert weights is not None
    model.buffers[kernel.buffer].data = np.frombuffer((weights * keep).astype(np.int8).tobytes(), np.uint8)


def with_packed_weights(model: Any) -> bytes:
    """The model with its DEPTHWISE_CONV_2D as the custom operator."""
    layer = _layer(model, 0)
    shifts = layer.shifts.astype(np.int8)
    packed = pack_depthwise(layer.weights[0], layer.multipliers, shifts, layer.geometry, layer.in_channels)
    _become(model, 0, ROW_PRUNED, packed, layer)
    return serialize(model)


def with_sparse_pointwise(model: Any) -> bytes:
    """The model with its second operator, a CONV_2D, in blocks of 1x4."""
    layer = _layer(model, 1)
    shifts = layer.shifts.astype(np.int8)
    _become(model, 1, SPARSE_CONV, pack(layer.weights, layer.multipliers, shifts, layer.geometry, (1, 4)), layer)
    return serialize(model)


def separable_model(case: DenseCase, out_channels: int, activation: str) -> Any:
    """The depthwise model `case` with a 1x1 convolution behind it."""
    zero_point = case.output_zero_point
    second = DenseCase(
        CONV, case.output_shape, out_channels, activation=activation, input_zero_point=zero_point, seed=case.seed
    )
    model, other = parse(case.model()), parse(second.model())
    graph, extra = model.subgraphs[0], other.subgraphs[0]
    shift, buffers = len(graph.tensors) - 1, len(model.buffers)
    op = copy.deepcopy(extra.operators[0])
    # Its tensor 0 is what the first half gives, the last one here.
    op.inputs, op.outputs = op.inputs + shift, op.outputs + shift
    op.opcodeIndex = len(model.operatorCodes)
    for tensor in extra.tensors[1:]:
        tensor.buffer += buffers
    graph.tensors += extra.tensors[1:]
    model.buffers += other.buffers
    model.operatorCodes += other.operatorCodes
    graph.operators.append(op)
    graph.outputs = op.outputs
    return model


def _layer(model: Any, index: int) -> Layer:
    layer, obstacle = read_layer(model, model.subgraphs[0].operators[index])
    assert layer is not None, obstacle
    return layer


def _become(model: Any, index: int, operator: str, packed: bytes, layer: Layer) -> None:
    types = schema().TensorType
    op = model.subgraphs[0].operators[index]
    weights = _constant(model, "packed", packed, len(packed), types.UINT8)
    bias = _constant(model, "packed_bias", layer.bias.astype("<i4").tobytes(), len(layer.bias), types.INT32)
    code = schema().OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema().BuiltinOperator.CUSTOM
    code.customCode, code.version = operator, 1
    model.operatorCodes.append(code)
    op.inputs = np.array([operands(op).source, weights, bias], np.int32)
    op.opcodeIndex = len(model.operatorCodes) - 1
    op.builtinOptionsType, op.builtinOptions = schema().BuiltinOptions.NONE, None
    drop_unused(model)


def _constant(model: Any, name: str, data: bytes, count: int, tensor_type: int) -> int:
    tensor = schema().TensorT()
    tensor.name, tensor.shape, tensor.type = name, np.array([count], np.int32), tensor_type
    tensor.buffer = add_buffer(model, data)
    model.subgraphs[0].tensors.append(tensor)
    return len(model.subgraphs[0].tensors) - 1
