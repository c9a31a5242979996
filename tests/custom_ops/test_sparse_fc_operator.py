"""KWS_SPARSE_FULLY_CONNECTED in TFLM on the host: the bytes of FULLY_CONNECTED, and refusals in one line."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from dense_case import FULLY_CONNECTED, DenseCase
from hypothesis import given, settings
from hypothesis import strategies as st

from kws_tflm.convert import inspect
from kws_tflm.convert.model import add_buffer, constant, parse, serialize
from kws_tflm.convert.packing import ConvGeometry, pack, pack_n_of_m, unpack
from kws_tflm.convert.rule import SparsifyRule
from kws_tflm.convert.schema import schema
from kws_tflm.convert.sparsification import sparsify
from kws_tflm.errors import ModelError
from kws_tflm.runtime import Interpreter

OPERATOR = "KWS_SPARSE_FULLY_CONNECTED"
METHODS = ("block_1x4", "block_2x4", "block_4x4", "block_1x2", "block_2x2", "block_4x1", "block_3x5", "index_list")
WEIGHTS, BIAS = 1, 2


def pruned(case: DenseCase, density: float) -> bytes:
    """The dense model of `case` with all but `density` of its weights zero, in blocks of four."""
    model = parse(case.model())
    tensor = model.subgraphs[0].tensors[WEIGHTS]
    weights = constant(model, tensor)
    assert weights is not None
    groups = -(-weights.shape[1] // 4)
    keep = np.random.default_rng(case.seed).random((len(weights), groups)) < density
    weights = weights * np.repeat(keep, 4, axis=1)[:, : weights.shape[1]]
    model.buffers[tensor.buffer].data = np.frombuffer(weights.astype(np.int8).tobytes(), np.uint8)
    return serialize(model)


def sparse(dense: bytes, method: str) -> bytes:
    model, _ = sparsify(dense, SparsifyRule(methods=(method,), force=True))
    assert [op.operator for op in inspect(model).operators] == [OPERATOR]
    return model


@st.composite
def cases(draw: st.DrawFn) -> DenseCase:
    return DenseCase(
        FULLY_CONNECTED,
        (draw(st.integers(1, 3)), draw(st.integers(1, 90))),
        draw(st.integers(1, 20)),
        activation=draw(st.sampled_from(["NONE", "RELU", "RELU6", "RELU_N1_TO_1"])),
        has_bias=draw(st.booleans()),
        input_zero_point=draw(st.integers(-128, 127)),
        output_zero_point=draw(st.integers(-128, 127)),
        scale_ratio=draw(st.sampled_from([0.0005, 0.02, 0.1, 0.5])),
        seed=draw(st.integers(0, 1 << 16)),
    )


@settings(max_examples=80, deadline=None)
@given(case=cases(), method=st.sampled_from(METHODS), density=st.sampled_from([0.1, 0.25, 0.6]))
def test_the_bytes_of_the_dense_operator(case: DenseCase, method: str, density: float) -> None:
    dense, values = pruned(case, density), case.values()

    np.testing.assert_array_equal(Interpreter(sparse(dense, method)).invoke(values), Interpreter(dense).invoke(values))


def test_the_input_is_flattened() -> None:
    case = DenseCase(FULLY_CONNECTED, (1, 60), 7)
    model = parse(sparse(pruned(case, 0.5), "block_1x4"))
    expected = Interpreter(serialize(model)).invoke(case.values())
    model.subgraphs[0].tensors[0].shape = np.array([1, 3, 5, 4], np.int32)

    np.testing.assert_array_equal(Interpreter(serialize(model)).invoke(case.values().reshape(1, 3, 5, 4)), expected)


def with_packed(model: Any, packed: bytes) -> bytes:
    tensor = model.subgraphs[0].tensors[model.subgraphs[0].operators[0].inputs[WEIGHTS]]
    tensor.shape, tensor.buffer = np.array([len(packed)], np.int32), add_buffer(model, packed)
    return serialize(model)


@pytest.fixture
def model() -> Any:
    """A sparse model of 60 inputs and 7 units, to be spoilt."""
    return parse(sparse(pruned(DenseCase(FULLY_CONNECTED, (1, 60), 7), 0.5), "block_1x4"))


def packed_of(model: Any) -> bytes:
    values = constant(model, model.subgraphs[0].tensors[model.subgraphs[0].operators[0].inputs[WEIGHTS]])
    assert values is not None
    return values.tobytes()


def refusal(spoilt: bytes) -> str:
    with pytest.raises(ModelError) as caught:
        Interpreter(spoilt)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_refuses_a_damaged_buffer(model: Any) -> None:
    packed = bytearray(packed_of(model))
    packed[4] = 9

    assert f"{OPERATOR}: unknown format version" in refusal(with_packed(model, bytes(packed)))


@pytest.mark.parametrize("change", [{"stride": (2, 1)}, {"dilation": (1, 2)}])
def test_refuses_a_convolution(model: Any, change: dict[str, tuple[int, int]]) -> None:
    content = unpack(packed_of(model))
    packed = pack(content.weights, content.multipliers, content.shifts, replace(content.geometry, **change))

    assert f"{OPERATOR}: packed weights are not those of a 1x1 kernel" in refusal(with_packed(model, packed))


def test_refuses_an_encoding_that_it_does_not_have(model: Any) -> None:
    weights = np.zeros((7, 1, 1, 60), np.int8)
    packed = pack_n_of_m(weights, np.full(7, 1 << 30, np.int32), np.full(7, -8, np.int8), ConvGeometry())

    assert f"{OPERATOR}: unknown sparse encoding, or not one that this operator takes" in refusal(
        with_packed(model, packed)
    )


@pytest.mark.parametrize(("depth", "units"), [(61, 7), (60, 8), (30, 7)])
def test_refuses_weights_of_another_size(model: Any, depth: int, units: int) -> None:
    weights = np.ones((units, 1, 1, depth), np.int8)
    packed = pack(weights, np.full(units, 1 << 30, np.int32), np.full(units, -8, np.int8), ConvGeometry())

    assert f"{OPERATOR}: input and output sizes do not match" in refusal(with_packed(model, packed))


def test_refuses_a_bias_of_another_size_or_type(model: Any) -> None:
    bias = model.subgraphs[0].tensors[model.subgraphs[0].operators[0].inputs[BIAS]]
    bias.shape, bias.buffer = np.array([8], np.int32), add_buffer(model, bytes(32))
    assert f"{OPERATOR}: bias must be a constant int32 tensor" in refusal(serialize(model))

    bias.shape, bias.type = np.array([7], np.int32), schema().TensorType.INT16
    bias.buffer = add_buffer(model, bytes(14))
    assert f"{OPERATOR}: bias must be a constant int32 tensor" in refusal(serialize(model))


def test_refuses_an_output_that_is_not_int8(model: Any) -> None:
    graph = model.subgraphs[0]
    graph.tensors[graph.outputs[0]].type = schema().TensorType.INT16

    assert f"{OPERATOR}: input and output must be quantised int8 tensors" in refusal(serialize(model))
