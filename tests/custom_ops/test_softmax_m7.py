"""SOFTMAX for the M7 = TFLM's reference kernel = tf.lite's, byte for byte."""

from __future__ import annotations

import numpy as np
import pytest
from dense_case import SOFTMAX, DenseCase, dense_cases, tf_lite
from dense_target import M7Interpreter
from hypothesis import given, settings


def test_bytes_of_any_softmax(m7: M7Interpreter) -> None:
    @settings(max_examples=150, deadline=None)
    @given(case=dense_cases(SOFTMAX))
    def check(case: DenseCase) -> None:
        model, values = case.model(), case.values()
        ours = m7.run(model, values, case.output_shape).output
        np.testing.assert_array_equal(ours, m7.run(model, values, case.output_shape, m7=False).output)
        np.testing.assert_array_equal(ours, tf_lite(model, values))

    check()


@pytest.mark.parametrize("scale", [0.004, 0.06, 0.5])
def test_every_difference_of_two_inputs(m7: M7Interpreter, scale: float) -> None:
    case = DenseCase(SOFTMAX, (256, 2), 2, input_scale=scale)
    values = np.stack([np.full(256, 127), np.arange(-128, 128)], axis=1).astype(np.int8)
    expected = m7.run(case.model(), values, case.output_shape, m7=False).output
    np.testing.assert_array_equal(m7.run(case.model(), values, case.output_shape).output, expected)


def test_many_equal_classes_share_nothing_visible(m7: M7Interpreter) -> None:
    """Where the reference would shift by more than 31 digits: each share is below half of 1/256."""
    case = DenseCase(SOFTMAX, (1, 600), 600)
    values = np.zeros((1, 600), np.int8)
    assert (m7.run(case.model(), values, case.output_shape).output == -128).all()


def test_too_many_classes_are_refused(m7: M7Interpreter) -> None:
    case = DenseCase(SOFTMAX, (1, 4096), 4096)
    with pytest.raises(AssertionError, match="run_model: 1"):
        m7.run(case.model(), case.values(), case.output_shape)
