"""New tensors, operators and operator codes in a model of TFLite's object API."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from kws_tflm.convert.model import add_buffer, constant, indices, shape_of
from kws_tflm.convert.schema import builtin_code, operator_name, schema, text

CONV_VERSION = 3
"""int8, in TFLite's operator versions."""


def name_of(model: Any, op: Any) -> str:
    """`CONV_2D`, or the custom operator's own name."""
    return operator_name(model.operatorCodes[op.opcodeIndex])


def producer(graph: Any, tensor: int) -> Any | None:
    """The operator that computes `tensor`."""
    return next((op for op in graph.operators if tensor in indices(op.outputs)), None)


def readers(graph: Any, tensor: int) -> list[Any]:
    """The operators that read `tensor`."""
    return [op for op in graph.operators if tensor in indices(op.inputs)]


def same_quantization(one: Any, other: Any) -> bool:
    """Whether two tensors have the same scale and zero point, and have them."""
    ends = [tensor.quantization for tensor in (one, other)]
    if any(end is None or end.scale is None or end.zeroPoint is None for end in ends):
        return False
    return bool(
        np.array_equal(np.asarray(ends[0].scale), np.asarray(ends[1].scale))
        and np.array_equal(np.asarray(ends[0].zeroPoint), np.asarray(ends[1].zeroPoint))
    )


def add_constant(model: Any, name: str, values: Any, tensor_type: int) -> int:
    """A new constant tensor without quantisation; returns its index."""
    tensor = schema().TensorT()
    tensor.name = name
    tensor.shape = np.array(values.shape, np.int32)
    tensor.type = tensor_type
    tensor.buffer = add_buffer(model, np.ascontiguousarray(values).tobytes())
    return append(model, tensor)


def append(model: Any, tensor: Any) -> int:
    """Add a tensor; returns its index."""
    tensors = model.subgraphs[0].tensors
    tensors.append(tensor)
    return len(tensors) - 1


def quantization(scale: Any, zero_point: Any, axis: int = 0) -> Any:
    """Affine quantisation of a tensor."""
    result = schema().QuantizationParametersT()
    result.scale = np.atleast_1d(np.asarray(scale, np.float32))
    result.zeroPoint = np.atleast_1d(np.asarray(zero_point, np.int64))
    result.quantizedDimension = axis
    return result


def reshaped(model: Any, tensor: int, shape: tuple[int, ...]) -> int:
    """A new tensor of the same type, quantisation and constant data in another shape; returns its index."""
    new = copy.copy(model.subgraphs[0].tensors[tensor])
    new.name = f"{text(new.name)}/{'x'.join(map(str, shape))}"
    new.shape = np.array(shape, np.int32)
    new.shapeSignature = None
    if constant(model, model.subgraphs[0].tensors[tensor]) is None:
        new.buffer = add_buffer(model, b"")
    return append(model, new)


def reshape_operator(model: Any, source: int, result: int) -> Any:
    """A RESHAPE; its shape stands both in a constant and in the options, as converters write it."""
    tensors = model.subgraphs[0].tensors
    shape = np.array(shape_of(tensors[result]), np.int32)
    name = f"{text(tensors[result].name)}/shape"
    constant_shape = add_constant(model, name, shape.astype("<i4"), schema().TensorType.INT32)
    op = schema().OperatorT()
    op.opcodeIndex = opcode(model, schema().BuiltinOperator.RESHAPE, 1)
    op.inputs = np.array([source, constant_shape], np.int32)
    op.outputs = np.array([result], np.int32)
    op.builtinOptionsType = schema().BuiltinOptions.ReshapeOptions
    op.builtinOptions = schema().ReshapeOptionsT()
    op.builtinOptions.newShape = shape
    return op


def opcode(model: Any, builtin: int, version: int) -> int:
    """Index of a built-in operator's code, added at its first use."""
    for index, code in enumerate(model.operatorCodes):
        if builtin_code(code) == builtin:
            code.version = max(code.version, version)
            return index
    code = schema().OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = builtin
    code.version = version
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1


def zero_bias(model: Any, source: int, kernel: int) -> int:
    """A bias of zeros: TFLite's CONV_2D wants one where FULLY_CONNECTED does without. Returns its index."""
    tensors = model.subgraphs[0].tensors
    scales = np.asarray(tensors[kernel].quantization.scale, np.float32)
    channels = shape_of(tensors[kernel])[0]
    name = f"{text(tensors[kernel].name)}/bias"
    bias = add_constant(model, name, np.zeros(channels, "<i4"), schema().TensorType.INT32)
    source_scale = np.float32(tensors[source].quantization.scale[0])
    tensors[bias].quantization = quantization(source_scale * scales, np.zeros(len(scales), np.int64))
    return bias
