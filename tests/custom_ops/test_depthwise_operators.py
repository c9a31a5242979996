"""The depthwise custom operators inside models, by the host interpreter: bytes of the built-in ones, and refusals."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from dense_case import CONV, DEPTHWISE, DenseCase, dense_cases, tf_lite
from hypothesis import given, settings
from hypothesis import strategies as st

from kws_tflm.convert.fuse_separable import fuse_separable
from kws_tflm.convert.layer_reading import operands, read_layer
from kws_tflm.convert.model import constant, drop_unused, parse, serialize
from kws_tflm.convert.packing_depthwise import pack_depthwise
from kws_tflm.convert.schema import operator_name, schema
from kws_tflm.convert.sparsification import append_constant, custom_opcode
from kws_tflm.runtime import Interpreter

ROW_PRUNED = "KWS_SPARSE_DEPTHWISE_CONV_2D"


def prune_rows(model: Any, rng: np.random.Generator) -> None:
    """Zero a third of the filter rows of the model's only operator."""
    kernel = model.subgraphs[0].tensors[operands(model.subgraphs[0].operators[0]).kernel]
    weights = constant(model, kernel)
    assert weights is not None
    keep = rng.random((1, weights.shape[1], 1, weights.shape[3])) < 0.67
    model.buffers[kernel.buffer].data = np.frombuffer((weights * keep).astype(np.int8).tobytes(), np.uint8)


def with_packed_weights(model: Any) -> bytes:
    """The same model with its DEPTHWISE_CONV_2D as the custom operator."""
    op = model.subgraphs[0].operators[0]
    layer, obstacle = read_layer(model, op)
    assert layer is not None, obstacle
    shifts = layer.shifts.astype(np.int8)
    packed = pack_depthwise(layer.weights[0], layer.multipliers, shifts, layer.geometry, layer.in_channels)
    types = schema().TensorType
    weights = append_constant(model, "packed", packed, (len(packed),), types.UINT8)
    bias = append_constant(model, "bias", layer.bias.tobytes(), layer.bias.shape, types.INT32)
    op.inputs = np.array([operands(op).source, weights, bias], np.int32)
    op.opcodeIndex = custom_opcode(model, ROW_PRUNED)
    op.builtinOptionsType, op.builtinOptions = schema().BuiltinOptions.NONE, None
    drop_unused(model)
    return serialize(model)


@settings(max_examples=60, deadline=None)
@given(case=dense_cases(DEPTHWISE), seed=st.integers(0, 1000))
def test_row_pruned_operator_gives_the_built_in_ones_bytes(case: DenseCase, seed: int) -> None:
    model, values = parse(case.model()), case.values()
    prune_rows(model, np.random.default_rng(seed))
    expected = tf_lite(serialize(model), values)
    np.testing.assert_array_equal(Interpreter(with_packed_weights(model)).invoke(values), expected)


def separable_model(case: DenseCase, out_channels: int, activation: str) -> Any:
    """The depthwise model `case` with a 1x1 convolution behind it."""
    shape = case.output_shape
    zero_point = case.output_zero_point
    second = DenseCase(CONV, shape, out_channels, activation=activation, input_zero_point=zero_point, seed=case.seed)
    model, other = parse(case.model()), parse(second.model())
    graph, extra = model.subgraphs[0], other.subgraphs[0]
    shift, buffers = len(graph.tensors) - 1, len(model.buffers)
    between = graph.tensors[-1]
    # The second half's own input is dropped: its scale is that of what the first half gives.
    extra.tensors[0].quantization.scale = between.quantization.scale
    op = copy.deepcopy(extra.operators[0])
    op.inputs = op.inputs + shift
    op.outputs = op.outputs + shift
    op.opcodeIndex = len(model.operatorCodes)
    for tensor in extra.tensors[1:]:
        tensor.buffer += buffers
    graph.tensors += extra.tensors[1:]
    model.buffers += other.buffers
    model.operatorCodes += other.operatorCodes
    graph.operators.append(op)
    graph.outputs = op.outputs
    return model


@settings(max_examples=40, deadline=None)
@given(case=dense_cases(DEPTHWISE), quads=st.integers(1, 3), out_channels=st.integers(1, 9),
       activation=st.sampled_from(["NONE", "RELU", "RELU6"]))  # fmt: skip
def test_fused_pair_gives_the_bytes_of_two_operators(
    case: DenseCase, quads: int, out_channels: int, activation: str
) -> None:
    shape = (*case.input_shape[:3], 4 * quads)
    sides = (max(3, shape[1]), max(3, shape[2]))
    case = replace(
        case, input_shape=(shape[0], *sides, shape[3]), channels=shape[3], kernel=(3, 3), stride=(1, 1), dilation=(1, 1)
    )
    model = separable_model(case, out_channels, activation)
    values = case.values()
    expected = tf_lite(serialize(model), values)
    fused = fuse_separable(model, always=True)
    assert len(fused) == 1
    assert fused[0].tensor_bytes == int(np.prod(case.output_shape))
    names = [operator_name(model.operatorCodes[op.opcodeIndex]) for op in model.subgraphs[0].operators]
    assert names == ["KWS_SEPARABLE_CONV_2D"]
    np.testing.assert_array_equal(Interpreter(serialize(model)).invoke(values), expected)


def test_pairs_are_fused_where_the_arena_gets_smaller() -> None:
    """A wide layer that is projected to few channels; not one that gives as many as it takes."""
    base = DenseCase(DEPTHWISE, (1, 48, 48, 32), 32, (3, 3), same=True)
    assert len(fuse_separable(separable_model(base, 8, "NONE"))) == 1
    small = replace(base, input_shape=(1, 25, 5, 64), channels=64)
    assert fuse_separable(separable_model(small, 64, "NONE")) == []
    strided = replace(base, stride=(2, 2))
    assert fuse_separable(separable_model(strided, 8, "NONE"), always=True) == []


def damaged(model: Any, change: Any) -> bytes:
    changed = copy.deepcopy(model)
    change(changed.subgraphs[0], changed.subgraphs[0].operators[0], changed)
    return serialize(changed)


def truncate(graph: Any, op: Any, model: Any, which: int = 1) -> None:
    tensor = graph.tensors[op.inputs[which]]
    tensor.shape = tensor.shape - 4
    model.buffers[tensor.buffer].data = model.buffers[tensor.buffer].data[:-4]


def swap(_graph: Any, op: Any, _model: Any) -> None:
    op.inputs = op.inputs[[0, 2, 1, 3, 4]]


def shorten_inputs(_graph: Any, op: Any, _model: Any) -> None:
    op.inputs = op.inputs[:-1]


def widen_output(graph: Any, op: Any, _model: Any) -> None:
    shape = graph.tensors[op.outputs[0]].shape
    shape[3] += 1


@pytest.mark.parametrize("change", [truncate, swap, shorten_inputs, widen_output])
def test_malformed_separable_nodes_are_refused(change: Any) -> None:
    case = DenseCase(DEPTHWISE, (1, 6, 5, 8), 8, (3, 3), same=True)
    model = separable_model(case, 6, "NONE")
    fuse_separable(model, always=True)
    with pytest.raises(Exception, match="KWS_SEPARABLE_CONV_2D"):
        Interpreter(damaged(model, change)).invoke(case.values())


@pytest.mark.parametrize("change", [truncate, shorten_inputs, widen_output])
def test_malformed_row_pruned_nodes_are_refused(change: Any) -> None:
    case = DenseCase(DEPTHWISE, (1, 6, 5, 8), 8, (3, 3), same=True)
    model = parse(with_packed_weights(parse(case.model())))
    with pytest.raises(Exception, match=ROW_PRUNED):
        Interpreter(damaged(model, change)).invoke(case.values())
