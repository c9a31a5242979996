"""Structured pruning: what goes, what stays and why; the bytes are those of the whole model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conv_case import multiply_by_quantized_multiplier
from hypothesis import given, settings
from hypothesis import strategies as st
from keras_networks import random_network, to_int8

from kws_tflm.convert import verify
from kws_tflm.convert.compact import compact
from kws_tflm.convert.model import indices, parse, shape_of
from kws_tflm.convert.replacements import replace_missing
from kws_tflm.convert.requantization import rescale


def network(*, padding: str, bias: float, follow: str = "conv") -> bytes:
    """Two layers; a third of the first one's filters are zero, with that bias."""
    from kws_tflm._tf import keras

    keras.utils.set_random_seed(4)
    layers = keras.layers
    inputs = keras.Input((9, 8, 2))
    x = layers.Conv2D(12, 3, padding="same", bias_initializer="random_normal", name="first")(inputs)
    if follow == "depthwise":
        x = layers.DepthwiseConv2D(3, padding=padding, depth_multiplier=2, activation="relu")(x)
    if follow == "pool":
        x = layers.MaxPooling2D(2)(x)
    if follow == "add":
        x = layers.Add()([x, layers.ReLU()(x)])
    if follow == "flatten":
        x = layers.Dense(6)(layers.Flatten()(layers.AveragePooling2D(2)(x)))
    else:
        x = layers.Flatten()(layers.Conv2D(6, 3, padding=padding, name="second")(x))
    model = keras.Model(inputs, x)
    kernel, biases = model.get_layer("first").get_weights()
    kernel[..., ::3] = 0
    biases[::3] = bias
    model.get_layer("first").set_weights([kernel, biases])
    return to_int8(model, np.random.default_rng(0))


def first_shape(model: bytes) -> tuple[int, ...]:
    graph = parse(model).subgraphs[0]
    return shape_of(graph.tensors[indices(graph.operators[0].inputs)[1]])


@pytest.mark.parametrize(("padding", "bias"), [("valid", 0.7), ("valid", 0.0), ("same", 0.0)])
def test_constant_channels_go_and_the_bytes_stay(padding: str, bias: float) -> None:
    model = network(padding=padding, bias=bias)
    small, lines = compact(model)
    assert (lines[0].channels, lines[0].removed, lines[0].reason) == (12, 4, "")
    assert first_shape(small)[0] == 8
    assert len(small) < len(model)
    verify(model, small)


def test_a_constant_that_padding_would_mix_stays() -> None:
    model = network(padding="same", bias=0.7)
    small, lines = compact(model)
    assert small is model
    assert lines[0].removed == 0
    assert "pads" in lines[0].reason


@pytest.mark.parametrize("follow", ["depthwise", "pool", "flatten"])
def test_channels_go_through_what_works_channel_by_channel(follow: str) -> None:
    model = network(padding="valid", bias=0.5, follow=follow)
    small, lines = compact(model)
    assert lines[0].removed == 4
    verify(model, small)


def test_a_residual_sum_keeps_its_channels() -> None:
    _, lines = compact(network(padding="valid", bias=0.5, follow="add"))
    assert lines[0].removed == 0
    assert "needs all channels" in lines[0].reason


def test_channels_that_nobody_reads_go() -> None:
    def blind(model: Any) -> bytes:
        kernel, bias = model.get_layer("second").get_weights()
        kernel[:, :, 4:8] = 0
        model.get_layer("second").set_weights([kernel, bias])
        return to_int8(model, np.random.default_rng(0))

    from kws_tflm._tf import keras

    keras.utils.set_random_seed(5)
    inputs = keras.Input((6, 6, 1))
    x = keras.layers.Conv2D(12, 3, padding="same", activation="relu")(inputs)
    x = keras.layers.Conv2D(5, 3, padding="same", name="second")(x)
    model = blind(keras.Model(inputs, x))
    small, lines = compact(model)
    assert lines[0].removed == 4
    verify(model, small)


def test_counts_stay_multiples_of_four_unless_told() -> None:
    model = network(padding="valid", bias=0.3)
    assert first_shape(compact(model, multiple=8)[0])[0] == 8
    rng = np.random.default_rng(11)
    keep, _ = compact(model, multiple=int(rng.integers(5, 8)))
    verify(model, keep)


def test_a_layer_of_nothing_but_zeros_keeps_one_channel() -> None:
    from kws_tflm._tf import keras

    inputs = keras.Input((5, 5, 1))
    x = keras.layers.Conv2D(4, 3, padding="same", kernel_initializer="zeros")(inputs)
    model = to_int8(keras.Model(inputs, keras.layers.Conv2D(3, 1)(x)), np.random.default_rng(0))
    small, _ = compact(model, multiple=1)
    assert first_shape(small)[0] == 1
    verify(model, small)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_random_networks(seed: int) -> None:
    rng = np.random.default_rng(seed)
    model, _ = replace_missing(to_int8(random_network(rng, 0.4), rng))
    for multiple in (1, 4):
        small, lines = compact(model, multiple=multiple)
        assert (small is model) == (not any(line.removed for line in lines))
        verify(model, small)
        assert compact(small, multiple=multiple)[0] is small


def test_the_model_is_left_alone_where_all_channels_speak() -> None:
    rng = np.random.default_rng(1)
    model = to_int8(random_network(rng), rng)
    small, lines = compact(model)
    assert small is model
    assert lines == []


@settings(max_examples=300, deadline=None)
@given(st.integers(-(2**30), 2**30), st.integers(1 << 30, (1 << 31) - 1), st.integers(-31, 0))
def test_rescale_is_tflites(value: int, multiplier: int, shift: int) -> None:
    expected = multiply_by_quantized_multiplier(*(np.array([x], np.int64) for x in (value, multiplier, shift)))
    assert rescale(value, multiplier, shift) == int(expected[0])
