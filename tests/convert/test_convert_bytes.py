"""Model files in, model files out: nothing but a ModelError may come from bad bytes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kws_tflm.convert import embed_metadata, inspect, read_metadata
from kws_tflm.convert.model import BUFFER_ALIGNMENT, constant, parse, serialize
from kws_tflm.convert.schema import operator_name, schema
from kws_tflm.errors import MismatchError, ModelError


def test_writing_what_was_read_is_stable_and_aligned(tiny_models) -> None:
    once = serialize(parse(tiny_models.sparse))
    assert serialize(parse(once)) == once
    flat = schema().Model.GetRootAs(once, 0)
    for index in range(flat.BuffersLength()):
        table = flat.Buffers(index)._tab
        field = table.Offset(4)
        assert not field or table.Vector(field) % BUFFER_ALIGNMENT == 0


@pytest.mark.parametrize("content", [b"", b"RIFF", b"\0" * 64, b"\x10\0\0\0TFL3", b"\xff\xff\xff\x7fTFL3" * 9])
def test_not_a_model(content: bytes) -> None:
    with pytest.raises(ModelError, match="file: "):
        inspect(content, "file")


def test_every_truncation_is_refused(tiny_models) -> None:
    for size in range(0, len(tiny_models.sparse) - 1, 97):
        with pytest.raises(ModelError):
            inspect(tiny_models.sparse[:size])


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_corrupt_bytes_give_a_model_error_or_a_model(tiny_models, data: st.DataObject) -> None:
    content = bytearray(tiny_models.sparse)
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    message = ""
    try:
        serialize(parse(bytes(content)))
        inspect(bytes(content))
    except (ModelError, MismatchError) as error:
        message = str(error)
    assert "\n" not in message


def test_corrupt_packed_weights_are_named(tiny_models) -> None:
    model = parse(tiny_models.sparse)
    graph = model.subgraphs[0]
    op = next(
        op for op in graph.operators if operator_name(model.operatorCodes[op.opcodeIndex]) == "KWS_SPARSE_CONV_2D"
    )
    buffer = model.buffers[graph.tensors[op.inputs[1]].buffer]
    buffer.data = np.array(buffer.data)
    buffer.data[4] = 9
    with pytest.raises(ModelError, match=r"KWS_SPARSE_CONV_2D.*version 9"):
        inspect(serialize(model))


def test_metadata_round_trip(tiny_models) -> None:
    found = read_metadata(embed_metadata(tiny_models.dense, tiny_models.config))
    assert found is not None
    assert found.config == tiny_models.config
    assert found.hash == tiny_models.config.hash
    assert found.labels == tiny_models.config.labels


def test_metadata_is_replaced_not_added(tiny_models) -> None:
    other = dataclasses.replace(tiny_models.config, seed=99)
    model = embed_metadata(embed_metadata(tiny_models.dense, tiny_models.config), other)
    found = read_metadata(model)
    assert found is not None
    assert found.config.seed == 99
    assert embed_metadata(model, other) == model


def test_metadata_with_a_wrong_hash_is_refused(tiny_models) -> None:
    content = tiny_models.dense.replace(b'"seed":1', b'"seed":7')
    assert content != tiny_models.dense
    with pytest.raises(MismatchError):
        read_metadata(content)


def test_inspect_describes(tiny_models) -> None:
    info = inspect(tiny_models.sparse)
    assert info.config == tiny_models.config.hash
    assert info.labels == list(tiny_models.config.labels)
    assert "KWS_SPARSE_CONV_2D" in info.custom_operators
    assert info.inputs[0].shape == (1, 49, 10, 1)
    sparse = [op for op in info.operators if op.operator == "KWS_SPARSE_CONV_2D"]
    assert sparse
    assert all(op.weights == 16 * 16 and op.sparsity > 0.5 for op in sparse)


def test_unsupported_operators_are_all_named(tiny_models) -> None:
    model = parse(tiny_models.dense)
    names = schema().BuiltinOperator
    for code in model.operatorCodes:
        if code.builtinCode == names.SOFTMAX:
            code.builtinCode = code.deprecatedBuiltinCode = names.ELU
        elif code.builtinCode == names.AVERAGE_POOL_2D:
            code.builtinCode = code.deprecatedBuiltinCode = names.MEAN
    with pytest.raises(ModelError, match=r"ELU, MEAN \(use an average pool"):
        inspect(serialize(model), "my.tflite")


def test_constants_keep_their_values(tiny_models) -> None:
    model = parse(tiny_models.dense)
    again = parse(serialize(model))
    for before, after in zip(model.subgraphs[0].tensors, again.subgraphs[0].tensors, strict=True):
        one, other = constant(model, before), constant(again, after)
        assert (one is None) == (other is None)
        if one is not None:
            np.testing.assert_array_equal(one, other)


def test_constants_of_a_type_that_nothing_reads_are_named(tiny_models) -> None:
    model = parse(tiny_models.sparse)
    graph = model.subgraphs[0]
    graph.tensors[graph.operators[0].inputs[1]].type = schema().TensorType.COMPLEX64
    with pytest.raises(ModelError, match="COMPLEX64"):
        inspect(serialize(model))
