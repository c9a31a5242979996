"""Q7.8 -> int8: C++, its numpy twin, and the exact value."""

from __future__ import annotations

import numpy as np
import pytest
from feature_native import Native, pointer
from hypothesis import given
from hypothesis import strategies as st

from kws_tflm.features.quantize import input_quantization, quantize_features

ALL_Q78 = np.arange(-32768, 32768, dtype=np.int16)
SCALES = st.floats(1e-4, 1e4)
ZERO_POINTS = st.integers(-128, 127)


@given(scale=SCALES, zero_point=ZERO_POINTS)
def test_numpy_twin_equals_cpp(native: Native, scale: float, zero_point: int):
    quantization = input_quantization(scale, zero_point)
    out = np.zeros(ALL_Q78.shape, np.int8)
    native.lib.quantize_features(pointer(ALL_Q78), ALL_Q78.size, *quantization, pointer(out))
    np.testing.assert_array_equal(quantize_features(ALL_Q78, *quantization), out)


@given(scale=SCALES, zero_point=ZERO_POINTS)
def test_value_is_the_nearest_step(scale: float, zero_point: int):
    exact = np.clip(ALL_Q78 / (256.0 * scale) + zero_point, -128, 127)
    # Half a step, and what the first of the two roundings may add to it.
    assert np.abs(quantize_features(ALL_Q78, *input_quantization(scale, zero_point)) - exact).max() <= 1.0
    typical = 0.4
    exact = np.clip(ALL_Q78 / (256.0 * typical) + zero_point, -128, 127)
    assert np.abs(quantize_features(ALL_Q78, *input_quantization(typical, zero_point)) - exact).max() <= 0.51


def test_multiplier_is_normalised():
    assert input_quantization(1 / 256, 5) == (1 << 30, 1, 5)
    assert input_quantization(0.5, -3) == (1 << 30, -6, -3)
    multiplier, shift, _ = input_quantization(0.37, 0)
    assert (1 << 30) <= multiplier < (1 << 31)
    assert multiplier * 2.0 ** (shift - 31) == pytest.approx(1 / (256 * 0.37), rel=1e-9)


@pytest.mark.parametrize(
    ("scale", "zero_point"), [(0.0, 0), (-1.0, 0), (float("nan"), 0), (float("inf"), 0), (0.1, 128), (1e-12, 0)]
)
def test_impossible_quantisation_is_refused(scale: float, zero_point: int):
    with pytest.raises(ValueError, match="scale"):
        input_quantization(scale, zero_point)
