"""RESHAPE: our copy on the host and on an emulated Cortex-M7 = TFLM's = tf.lite's, and nothing beside it is written."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest
from add_case import AddCase
from dense_case import tf_lite
from dense_target import M7Interpreter
from hypothesis import given, settings
from hypothesis import strategies as st

from kws_tflm.convert.graph_edit import reshape_operator, reshaped
from kws_tflm.convert.model import parse, serialize
from kws_tflm.runtime import Interpreter

SHIPPED = 49 * 40
"""Bytes of the RESHAPE that the shipped models begin with."""


def noise(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(math.prod(shape)).integers(-128, 128, shape).astype(np.int8)


def copied(source: tuple[int, ...], result: tuple[int, ...]) -> bytes:
    """One RESHAPE."""
    model = parse(AddCase(source, source, 0.05, 0.05, 0.05, (3, 3, 3)).model())
    graph = model.subgraphs[0]
    graph.tensors[2].shape = np.array(result, np.int32)
    graph.operators = [reshape_operator(model, 0, 2)]
    return serialize(model)


def doubled(values: int) -> bytes:
    """ADD of the input and the input reshaped twice: all three lie beside each other in the arena."""
    model = parse(AddCase((1, values), (1, values), 0.05, 0.05, 0.1, (3, 3, 3)).model())
    graph = model.subgraphs[0]
    column, row = reshaped(model, 0, (values, 1)), reshaped(model, 0, (1, values))
    (add,) = graph.operators
    add.inputs = np.array([0, row], np.int32)
    graph.operators = [reshape_operator(model, 0, column), reshape_operator(model, column, row), add]
    return serialize(model)


@settings(max_examples=40, deadline=None)
@given(shape=st.lists(st.integers(1, 9), min_size=1, max_size=4), order=st.randoms(use_true_random=False))
def test_any_shape(m7: M7Interpreter, shape: list[int], order: Random) -> None:
    result = shape.copy()
    order.shuffle(result)
    values = noise(tuple(shape))
    model, expected = copied(tuple(shape), tuple(result)), values.reshape(result)
    np.testing.assert_array_equal(Interpreter(model).invoke(values), expected)
    np.testing.assert_array_equal(tf_lite(model, values), expected)
    for kernels in ("m7", "reference"):
        np.testing.assert_array_equal(m7.run(model, values, tuple(result), kernels=kernels).output, expected)


@pytest.mark.parametrize("length", [*range(1, 71), 127, 128, 129, SHIPPED])
def test_any_length_leaves_its_neighbours_alone(m7: M7Interpreter, length: int) -> None:
    values = noise((1, length))
    np.testing.assert_array_equal(m7.run(doubled(length), values, (1, length)).output, values)
    np.testing.assert_array_equal(Interpreter(doubled(length)).invoke(values), values)


def test_words_not_bytes(m7: M7Interpreter) -> None:
    """Deterministic counts, not times; TFLM of 2020 takes eight instructions a byte, today's copies words too."""
    values = noise((1, SHIPPED))
    ours, theirs = (
        m7.run(doubled(SHIPPED), values, values.shape, kernels=kernels, count=True).layers[0]
        for kernels in ("m7", "reference")
    )
    assert ours < 0.7 * SHIPPED
    assert ours <= theirs
