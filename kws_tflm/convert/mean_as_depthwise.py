"""MEAN over height and width -> a depthwise convolution over the whole input with weights of 1.

TFLM of 2020 has no int8 MEAN. The sum is the same; MEAN scales first and divides then, the convolution
does both in one multiplication: a value can differ by one step.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kws_tflm.convert.graph_edit import (
    CONV_VERSION,
    add_constant,
    name_of,
    opcode,
    quantization,
    reshape_operator,
    reshaped,
)
from kws_tflm.convert.model import constant, drop_unused, indices, shape_of
from kws_tflm.convert.schema import schema, text, type_name


def mean_as_depthwise(model: Any) -> int:
    """Rewrite `model` in place; returns how many."""
    graph = model.subgraphs[0]
    rewritten = 0
    for op in list(graph.operators):
        if name_of(model, op) == "MEAN" and _is_over_positions(model, op):
            _rewrite(model, op)
            rewritten += 1
    if rewritten:
        drop_unused(model)
    return rewritten


def _is_over_positions(model: Any, op: Any) -> bool:
    tensors = model.subgraphs[0].tensors
    source, axes = (tensors[i] for i in indices(op.inputs)[:2])
    result = tensors[indices(op.outputs)[0]]
    values = constant(model, axes)
    quantized = all(t.quantization is not None and t.quantization.scale is not None and len(t.quantization.scale) == 1
                    for t in (source, result))  # fmt: skip
    int8 = type_name(source.type) == type_name(result.type) == "INT8"
    return (
        quantized and int8 and values is not None and len(shape_of(source)) == 4
        and sorted(int(axis) % 4 for axis in values.ravel()) == [1, 2]
    )  # fmt: skip


def _rewrite(model: Any, op: Any) -> None:
    graph = model.subgraphs[0]
    source, result = indices(op.inputs)[0], indices(op.outputs)[0]
    batches, height, width, channels = shape_of(graph.tensors[source])
    name = text(graph.tensors[result].name)
    types = schema().TensorType
    kernel = add_constant(model, f"{name}/ones", np.ones((1, height, width, channels), np.int8), types.INT8)
    scale = np.float32(1.0 / (height * width))
    graph.tensors[kernel].quantization = quantization(np.full(channels, scale), np.zeros(channels), 3)
    bias = add_constant(model, f"{name}/zeros", np.zeros(channels, "<i4"), types.INT32)
    source_scale = np.float32(graph.tensors[source].quantization.scale[0])
    graph.tensors[bias].quantization = quantization(np.full(channels, source_scale * scale), np.zeros(channels))
    whole = (batches, 1, 1, channels)
    target = result if shape_of(graph.tensors[result]) == whole else reshaped(model, result, whole)
    options = schema().DepthwiseConv2DOptionsT()
    options.padding = schema().Padding.VALID
    options.strideH = options.strideW = options.dilationHFactor = options.dilationWFactor = 1
    options.depthMultiplier = 1
    options.fusedActivationFunction = schema().ActivationFunctionType.NONE
    op.opcodeIndex = opcode(model, schema().BuiltinOperator.DEPTHWISE_CONV_2D, CONV_VERSION)
    op.inputs = np.array([source, kernel, bias], np.int32)
    op.outputs = np.array([target], np.int32)
    op.builtinOptionsType = schema().BuiltinOptions.DepthwiseConv2DOptions
    op.builtinOptions = options
    if target != result:
        graph.operators.insert(graph.operators.index(op) + 1, reshape_operator(model, target, result))
