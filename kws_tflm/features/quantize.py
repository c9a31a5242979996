"""Q7.8 features -> a model's int8 input: the numpy twin of feature_quantizer.cc, bit for bit."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def quantize_multiplier(real: float) -> tuple[int, int]:
    """`real` = multiplier * 2^(shift - 31) with a Q31 multiplier in [2^30, 2^31), or (0, 0) when it vanishes.

    TFLite's ``QuantizeMultiplier`` (kernels/internal/quantization_util.cc) on a double.
    """
    if real == 0.0:
        return 0, 0
    mantissa, shift = math.frexp(real)
    multiplier = math.floor(mantissa * 2.0**31 + 0.5)
    if multiplier == 1 << 31:
        multiplier //= 2
        shift += 1
    return (0, 0) if shift < -31 else (multiplier, shift)


def input_quantization(scale: float, zero_point: int) -> tuple[int, int, int]:
    """(multiplier, shift, zero_point) with 1 / (256 * scale) = multiplier * 2^(shift - 31).

    Raises:
        ValueError: `scale` is not a positive number that gives a shift in [-31, 15], or the zero point is no int8.
    """
    if not (math.isfinite(scale) and scale > 0) or not -128 <= zero_point <= 127:
        raise ValueError(f"not an int8 input quantisation: scale {scale}, zero point {zero_point}")
    multiplier, shift = quantize_multiplier(1.0 / (256.0 * scale))
    if multiplier == 0 or shift > 15:
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
