"""TFLite's fixed-point rules, as `lite/kernels/internal/quantization_util.cc` and `kernel_util.cc` state them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_tflm.features.quantize import quantize_multiplier


def conv_multipliers(
    input_scale: float, filter_scales: npt.NDArray[np.float32], output_scale: float, out_channels: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Multiplier and shift of every output channel; one filter scale serves all channels.

    The scales are float32 values; their product and quotient are taken in double, as TFLite does.
    """
    scales = np.broadcast_to(np.asarray(filter_scales, np.float32), (out_channels,))
    pairs = [
        quantize_multiplier(float(np.float32(input_scale)) * float(scale) / float(np.float32(output_scale)))
        for scale in scales
    ]
    multipliers, shifts = zip(*pairs, strict=True)
    return np.array(multipliers, np.int32), np.array(shifts, np.int64)


def fully_connected_multiplier(
    input_scale: np.float32, filter_scale: np.float32, output_scale: np.float32, units: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """The one multiplier and shift of a FULLY_CONNECTED, for each of its units.

    Its product of scales is rounded to float32 (`GetQuantizedConvolutionMultipler`), that of a convolution is not.
    """
    product = np.float32(input_scale) * np.float32(filter_scale)
    multiplier, shift = quantize_multiplier(float(product) / float(np.float32(output_scale)))
    return np.full(units, multiplier, np.int32), np.full(units, shift, np.int64)


def activation_range(schema: Any, activation: int, scale: float, zero_point: int) -> tuple[int, int] | None:
    """int8 clamp of a fused activation; None for one that TFLM does not fuse."""
    kinds = schema.ActivationFunctionType

    def quantized(value: float) -> int:
        ratio = float(np.float32(value) / np.float32(scale))
        return zero_point + int(math.copysign(math.floor(abs(ratio) + 0.5), ratio))

    ranges = {
        kinds.NONE: (-128, 127),
        kinds.RELU: (max(-128, quantized(0.0)), 127),
        kinds.RELU6: (max(-128, quantized(0.0)), min(127, quantized(6.0))),
        kinds.RELU_N1_TO_1: (max(-128, quantized(-1.0)), min(127, quantized(1.0))),
    }
    return ranges.get(activation)
