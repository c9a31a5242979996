"""The built-in operators' kernels of ours = tf.lite's reference = TFLM's reference, on host and Cortex-M7."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
from dense_case import AVERAGE_POOL, CONV, DEPTHWISE, FULLY_CONNECTED, DenseCase, dense_cases, tf_lite
from dense_target import M7Interpreter
from hypothesis import given, settings

from kws_tflm.convert.model import parse, serialize
from kws_tflm.runtime import Interpreter

OPERATORS = (CONV, DEPTHWISE, FULLY_CONNECTED, AVERAGE_POOL)


def host(model: bytes, values: np.ndarray) -> np.ndarray:
    return Interpreter(model).invoke(values)


@pytest.mark.parametrize("operator", OPERATORS)
def test_host_gives_tflites_bytes(operator: str) -> None:
    @settings(max_examples=120, deadline=None)
    @given(case=dense_cases(operator))
    def check(case: DenseCase) -> None:
        if operator == CONV:
            case = replace(case, has_bias=True)  # tf.lite refuses the other; TFLM's kernel below does not
        model, values = case.model(), case.values()
        ours, theirs = host(model, values), tf_lite(model, values)
        if operator == FULLY_CONNECTED:
            # tf.lite rounds this operator once, TFLM twice (see docs/kernels.md); TFLM's bytes are checked below.
            assert np.abs(ours.astype(int) - theirs).max() <= 1
        else:
            np.testing.assert_array_equal(ours, theirs)

    check()


@pytest.mark.parametrize("operator", OPERATORS)
def test_emulated_m7_gives_the_hosts_bytes(m7: M7Interpreter, operator: str) -> None:
    @settings(max_examples=25, deadline=None)
    @given(case=dense_cases(operator))
    def check(case: DenseCase) -> None:
        model, values = case.model(), case.values()
        np.testing.assert_array_equal(m7.run(model, values, case.output_shape).output, host(model, values))

    check()


@pytest.mark.parametrize("operator", OPERATORS)
def test_tflms_own_kernels_agree(m7: M7Interpreter, operator: str) -> None:
    @settings(max_examples=60 if operator == FULLY_CONNECTED else 15, deadline=None)
    @given(case=dense_cases(operator))
    def check(case: DenseCase) -> None:
        if operator == DEPTHWISE:
            # The TFLM of 2020 ignores dilation in the padding and the fused activation; see docs/kernels.md.
            case = replace(case, dilation=(1, 1), activation="NONE")
            case = replace(case, input_shape=(*case.input_shape[:1], 9, 9, *case.input_shape[3:]))
        model, values = case.model(), case.values()
        theirs = m7.run(model, values, case.output_shape, m7=False)
        np.testing.assert_array_equal(host(model, values), theirs.output)

    check()


LARGE = [
    DenseCase(CONV, (1, 25, 5, 64), 64, input_zero_point=-128, output_zero_point=-128, activation="RELU"),
    DenseCase(CONV, (1, 49, 10, 1), 64, (10, 4), (2, 2), same=True, input_zero_point=83, output_zero_point=-128),
    DenseCase(CONV, (1, 7, 7, 150), 5, (3, 3), same=True, input_zero_point=11, output_zero_point=3),
    DenseCase(CONV, (3, 9, 7, 20), 33, (1, 1), (2, 1), same=True, input_zero_point=-7, output_zero_point=5),
    DenseCase(CONV, (2, 13, 11, 3), 48, (3, 3), same=True, input_zero_point=-128, output_zero_point=-1),
    DenseCase(CONV, (1, 31, 12, 2), 24, (5, 2), dilation=(3, 2), input_zero_point=100, output_zero_point=-128),
    DenseCase(CONV, (1, 40, 30, 1), 186, (8, 30), (4, 1), input_zero_point=-5, output_zero_point=-128),
    DenseCase(DEPTHWISE, (1, 25, 5, 64), 64, (3, 3), same=True, input_zero_point=-128, output_zero_point=-128),
    DenseCase(DEPTHWISE, (2, 12, 33, 10), 10, (3, 3), same=True, input_zero_point=127, output_zero_point=9),
    DenseCase(FULLY_CONNECTED, (1, 1674), 32, input_zero_point=-3, output_zero_point=4, scale_ratio=0.5),
    DenseCase(FULLY_CONNECTED, (3, 1675), 19, input_zero_point=-128, output_zero_point=-9, scale_ratio=0.5),
    DenseCase(AVERAGE_POOL, (1, 25, 5, 64), 64, (25, 5)),
    DenseCase(AVERAGE_POOL, (1, 2, 700, 6), 6, (2, 700), input_zero_point=3),
]


@pytest.mark.parametrize("case", LARGE, ids=lambda case: f"{case.operator}-{case.input_shape}")
def test_large_layers(m7: M7Interpreter, case: DenseCase) -> None:
    model, values = case.model(), case.values()
    theirs = m7.run(model, values, case.output_shape, m7=False).output
    expected = theirs if case.operator == FULLY_CONNECTED else tf_lite(model, values)
    np.testing.assert_array_equal(theirs, expected)
    assert len(np.unique(expected)) > 2
    np.testing.assert_array_equal(host(model, values), expected)
    np.testing.assert_array_equal(m7.run(model, values, case.output_shape).output, expected)


@pytest.mark.parametrize("ratio", [1e-6, 1e6])
def test_extreme_scales(m7: M7Interpreter, ratio: float) -> None:
    """Left shifts, and shifts so far to the right that nothing but the zero point remains."""
    case = DenseCase(CONV, (1, 4, 4, 6), 5, scale_ratio=ratio, output_zero_point=7, seed=3)
    model, values = case.model(), case.values()
    expected = tf_lite(model, values)
    np.testing.assert_array_equal(host(model, values), expected)
    np.testing.assert_array_equal(m7.run(model, values, case.output_shape).output, expected)


@pytest.mark.parametrize("operator", [CONV, FULLY_CONNECTED])
@pytest.mark.parametrize("reach", [(1 << 30) - 150_000, (1 << 30) + 40_000, 2_000_000_000])
def test_sums_near_the_limit_of_the_short_requantisation(m7: M7Interpreter, operator: str, reach: int) -> None:
    """Biases on both sides of 2^30, so that channels of one layer, and of one pair, differ in how they are scaled."""
    shape = (1, 3, 5, 6) if operator == CONV else (3, 6)
    for seed in range(4):
        case = DenseCase(operator, shape, 17, per_channel=False, bias_reach=reach, scale_ratio=1e5, seed=seed)
        model, values = case.model(), case.values()
        expected = m7.run(model, values, case.output_shape, m7=False).output
        assert len(np.unique(expected)) > 4
        np.testing.assert_array_equal(host(model, values), expected)
        np.testing.assert_array_equal(m7.run(model, values, case.output_shape).output, expected)


@pytest.mark.parametrize("operator", [CONV, DEPTHWISE])
def test_operators_may_share_a_filter(m7: M7Interpreter, operator: str) -> None:
    """The first takes the place of its zero points for the multipliers; the second must not."""
    case = DenseCase(operator, (1, 6, 5, 8), 8, (3, 3), same=True, scale_ratio=0.5, output_zero_point=5, seed=4)
    model = parse(case.model())
    graph = model.subgraphs[0]
    first, second = graph.operators[0], copy.deepcopy(graph.operators[0])
    last = copy.deepcopy(graph.tensors[first.outputs[0]])
    last.quantization.scale = last.quantization.scale * np.float32(31.7)
    graph.tensors.append(last)
    second.inputs[0], second.outputs[0] = first.outputs[0], len(graph.tensors) - 1
    graph.operators.append(second)
    graph.outputs = second.outputs
    data, values = serialize(model), case.values()
    expected = tf_lite(data, values)
    assert len(np.unique(expected)) > 20
    np.testing.assert_array_equal(host(data, values), expected)
    np.testing.assert_array_equal(m7.run(data, values, case.output_shape).output, expected)


def test_pointwise_layer_costs_about_one_instruction_a_product(m7: M7Interpreter) -> None:
    """Not a timing: the emulator's count is exact and the same on every machine."""
    pointwise, depthwise = LARGE[0], next(case for case in LARGE if case.operator == DEPTHWISE)
    run = m7.run(pointwise.model(), pointwise.values(), pointwise.output_shape, count=True)
    assert sum(run.layers) < 900_000
    run = m7.run(depthwise.model(), depthwise.values(), depthwise.output_shape, count=True)
    assert sum(run.layers) < 400_000
