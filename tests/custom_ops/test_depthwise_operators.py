"""The depthwise custom operators inside models, by the host interpreter: bytes of the built-in ones, and refusals."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from dense_case import DEPTHWISE, DenseCase, dense_cases, tf_lite
from depthwise_models import ROW_PRUNED, keep_weights, separable_model, with_packed_weights
from hypothesis import given, settings
from hypothesis import strategies as st

from kws_tflm.convert.fuse_separable import fuse_separable
from kws_tflm.convert.model import parse, serialize
from kws_tflm.convert.schema import operator_name
from kws_tflm.runtime import Interpreter


@settings(max_examples=60, deadline=None)
@given(case=dense_cases(DEPTHWISE), seed=st.integers(0, 1000))
def test_row_pruned_operator_gives_the_built_in_ones_bytes(case: DenseCase, seed: int) -> None:
    model, values = parse(case.model()), case.values()
    keep_weights(model, 0, np.random.default_rng(seed).random((1, case.kernel[0], 1, case.channels)) < 0.67)
    expected = tf_lite(serialize(model), values)
    np.testing.assert_array_equal(Interpreter(with_packed_weights(model)).invoke(values), expected)


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
