"""Q7.8 features -> a model's int8 input: the numpy twin of feature_quantizer.cc, bit for bit."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def input_quantization(scale: float, zero_point: int) -> tuple[int, int, int]:
    """(multiplier, shift, zero_point) with 1 / (256 * scale) = multiplier * 2^(shift - 31).

    TFLite's ``QuantizeMultiplier`` (kernels/internal/quantization_util.cc) on a double.

    Raises:
        ValueError: `scale` is not a positive number that gives a shift in [-31, 15], or the zero point is no int8.
    """
    if not (math.isfinite(scale) and scale > 0) or not -128 <= zero_point <= 127:
        raise ValueError(f"not an int8 input quantisation: scale {scale}, zero point {zero_point}")
    mantissa, shift = math.frexp(1.0 / (256.0 * scale))
    multiplier = math.floor(mantissa * 2.0**31 + 0.5)
    if multiplier == 2**31:
        multiplier //= 2
        shift += 1
    if not -31 <= shift <= 15:
        raise ValueError(f"input scale {scale} is out of range for Q7.8 features")
    return multiplier, shift, zero_point


def quantize_features(features: NDArray[np.int16], multiplier: int, shift: int, zero_point: int) -> NDArray[np.int8]:
    """int8 model input of Q7.8 `features`, any shape: gemmlowp's two roundings, plus zero point, saturated."""
    product = (features.astype(np.int64) << max(shift, 0)) * multiplier
    high = np.where(product >= 0, (product + 2**30) >> 31, -((2**30 - 1 - product) >> 31))
    right = max(-shift, 0)
    mask = (1 << right) - 1
    rounded = (high >> right) + ((high & mask) > (mask >> 1) + (high < 0))
    return np.asarray(np.clip(rounded + zero_point, -128, 127), np.int8)
