"""One depthwise convolution with random content, and its result in plain numpy."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from conv_case import multiply_by_quantized_multiplier
from hypothesis import strategies as st

from kws_tflm.convert.packing import ConvGeometry
from kws_tflm.convert.packing_depthwise import pack_depthwise

Array = np.ndarray


@dataclass(frozen=True)
class DepthwiseCase:
    input: Array
    """int8 NHWC."""
    weights: Array
    """int8 [kernel_h, kernel_w, out_channels], zeros in place."""
    bias: Array
    multipliers: Array
    shifts: Array
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    same: bool = False
    activation: tuple[int, int] = (-128, 127)
    input_zero_point: int = 0
    output_zero_point: int = 0

    @property
    def output_shape(self) -> tuple[int, int, int, int]:
        height, width = (self.axis(axis)[0] for axis in (0, 1))
        return self.input.shape[0], height, width, self.weights.shape[2]

    def axis(self, axis: int) -> tuple[int, int]:
        """(output size, padding before) as TFLite counts them."""
        size, stride = self.input.shape[1 + axis], self.stride[axis]
        span = (self.weights.shape[axis] - 1) * self.dilation[axis] + 1
        out = -(-size // stride) if self.same else (size - span) // stride + 1
        return out, max(0, (out - 1) * stride + span - size) // 2

    def expected(self) -> Array:
        """TFLite's reference arithmetic on whole arrays."""
        _, out_h, out_w, channels = self.output_shape
        kernel_h, kernel_w, _ = self.weights.shape
        (pad_y, pad_x), (step_y, step_x) = (self.axis(0)[1], self.axis(1)[1]), self.stride
        centred = self.input.astype(np.int64) - self.input_zero_point
        reach = [(kernel_h - 1) * self.dilation[0], (kernel_w - 1) * self.dilation[1]]
        margins = ((0, 0), (pad_y, reach[0] + step_y), (pad_x, reach[1] + step_x), (0, 0))
        padded = np.repeat(np.pad(centred, margins), channels // self.input.shape[3], axis=3)
        sums = np.zeros(self.output_shape, np.int64) + self.bias
        for ky, kx in np.ndindex(kernel_h, kernel_w):
            y, x = ky * self.dilation[0], kx * self.dilation[1]
            taken = padded[:, y : y + out_h * step_y : step_y, x : x + out_w * step_x : step_x]
            sums += taken[:, :out_h, :out_w] * self.weights[ky, kx].astype(np.int64)
        scaled = multiply_by_quantized_multiplier(sums, self.multipliers, self.shifts.astype(np.int64))
        return np.clip(scaled + self.output_zero_point, *self.activation).astype(np.int8)

    @property
    def packed(self) -> bytes:
        """The KWSD buffer."""
        geometry = ConvGeometry(self.stride, self.dilation, self.same, *self.activation)
        return pack_depthwise(self.weights, self.multipliers, self.shifts, geometry, self.input.shape[3])

    def without_rows(self, keep: Array) -> DepthwiseCase:
        """The same with the filter rows gone where `keep` [kernel_h, out_channels] is false."""
        return replace(self, weights=(self.weights * keep[:, None, :]).astype(np.int8))


def random_depthwise(
    rng: np.random.Generator,
    in_shape: tuple[int, int, int],
    kernel: tuple[int, int] = (3, 3),
    multiplier: int = 1,
    batches: int = 1,
    *,
    extreme: bool = False,
    **fields: object,
) -> DepthwiseCase:
    """`extreme`: any legal bias, multiplier and shift; otherwise scales as models have them."""
    channels = in_shape[2] * multiplier
    bias_limit = 2**31 - 1 if extreme else 1 << 14
    bias = rng.integers(-bias_limit, bias_limit, channels) >> rng.integers(0, 31 if extreme else 8)
    zero_points = {name: int(rng.integers(-128, 128)) for name in ("input_zero_point", "output_zero_point")}
    values = rng.integers(-128, 128, (batches, *in_shape)).astype(np.int8)
    values.flat[0], values.flat[-1] = -128, 127
    return DepthwiseCase(
        input=values,
        weights=rng.integers(-127, 128, (*kernel, channels)).astype(np.int8),
        bias=bias.astype(np.int32),
        multipliers=rng.integers(1 << 30, (1 << 31) - 1, channels, endpoint=True).astype(np.int32),
        shifts=rng.integers(-31 if extreme else -12, 0 if extreme else -5, channels).astype(np.int32),
        **{**zero_points, **fields},
    )


@st.composite
def depthwise_cases(draw: st.DrawFn, *, only_3x3: bool = False) -> DepthwiseCase:
    """Shapes, strides, dilations, paddings, multipliers, tails of channels, clamps and zero points."""
    plain = only_3x3 or draw(st.booleans())
    kernel = (3, 3) if plain else (draw(st.integers(1, 4)), draw(st.integers(1, 4)))
    stride = (1, 1) if plain else (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    dilation = (1, 1) if plain else (draw(st.integers(1, 2)), draw(st.integers(1, 2)))
    same = draw(st.booleans())
    least = [1 if same else (k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    sides = tuple(draw(st.integers(low, low + 8)) for low in least)
    low, high = sorted((draw(st.integers(-128, 127)), draw(st.integers(-128, 127))))
    return random_depthwise(
        np.random.default_rng(draw(st.integers(0, 2**32 - 1))),
        (*sides, draw(st.integers(1, 13))),
        kernel,
        1 if plain else draw(st.integers(1, 3)),
        draw(st.integers(1, 2)),
        extreme=draw(st.booleans()),
        stride=stride,
        dilation=dilation,
        same=same,
        activation=(low, high) if draw(st.booleans()) else (-128, 127),
    )


@st.composite
def line_cases(draw: st.DrawFn) -> DepthwiseCase:
    """Multiplier and dilation 1, stride 1 or 2 along the filter: mostly of one row or column, some of several rows."""
    taps, across = draw(st.integers(2, 16)), draw(st.integers(1, 3))
    rows = draw(st.sampled_from([1, 1, 1, 2, 3, 5]))
    column = rows == 1 and draw(st.booleans())
    along = draw(st.integers(1, 2))
    same = draw(st.booleans())
    sides = [draw(st.integers(1 if same else rows, rows + 5)), draw(st.integers(1 if same else taps, taps + 26))]
    kernel, stride = [rows, taps], [across, along]
    order = slice(None, None, -1 if column else 1)
    low, high = sorted((draw(st.integers(-128, 127)), draw(st.integers(-128, 127))))
    return random_depthwise(
        np.random.default_rng(draw(st.integers(0, 2**32 - 1))),
        (*sides[order], draw(st.integers(1, 11))),
        tuple(kernel[order]),
        1,
        draw(st.integers(1, 2)),
        extreme=draw(st.booleans()),
        stride=tuple(stride[order]),
        same=same,
        activation=(low, high) if draw(st.booleans()) else (-128, 127),
    )


@st.composite
def row_pruned_cases(draw: st.DrawFn, *, only_3x3: bool = False, lines: bool = False) -> DepthwiseCase:
    """Any rows of any channel gone."""
    case = draw(line_cases() if lines else depthwise_cases(only_3x3=only_3x3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    keep = rng.random((case.weights.shape[0], case.weights.shape[2])) < draw(st.sampled_from([0.0, 0.3, 0.6, 1.0]))
    return case.without_rows(keep)
