"""One int8 convolution with random content, and its result in plain numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from kws_tflm.convert.packing import ConvGeometry, pack

Array = np.ndarray


@dataclass(frozen=True)
class ConvCase:
    input: Array
    """int8 NHWC."""
    weights: Array
    """int8 OHWI, zeros in place."""
    bias: Array
    multipliers: Array
    shifts: Array
    geometry: ConvGeometry
    block_shape: tuple[int, int]
    flat: bool
    input_zero_point: int
    output_zero_point: int

    @property
    def packed(self) -> bytes:
        return pack(self.weights, self.multipliers, self.shifts, self.geometry, self.block_shape, self.flat)

    @property
    def output_shape(self) -> tuple[int, int, int, int]:
        height, width = (self._axis(axis)[0] for axis in (0, 1))
        return self.input.shape[0], height, width, self.weights.shape[0]

    def _axis(self, axis: int) -> tuple[int, int]:
        """(output size, padding before) as TFLite counts them."""
        size, kernel = self.input.shape[1 + axis], self.weights.shape[1 + axis]
        stride, dilation = self.geometry.stride[axis], self.geometry.dilation[axis]
        span = (kernel - 1) * dilation + 1
        out = -(-size // stride) if self.geometry.same_padding else (size - span) // stride + 1
        return out, max(0, (out - 1) * stride + span - size) // 2

    def expected(self) -> Array:
        """TFLite's reference arithmetic on whole arrays."""
        batches, out_h, out_w, channels = self.output_shape
        source = self.input.astype(np.int64) - self.input_zero_point
        sums = np.zeros((batches, out_h, out_w, channels), np.int64) + self.bias
        pad = [self._axis(axis)[1] for axis in (0, 1)]
        for ky, kx in np.ndindex(*self.weights.shape[1:3]):
            rows, in_rows = self._taken(out_h, ky, 0, pad[0])
            columns, in_columns = self._taken(out_w, kx, 1, pad[1])
            taken = source[:, in_rows][:, :, in_columns]
            tap = taken @ self.weights[:, ky, kx].astype(np.int64).T
            sums[np.ix_(range(batches), rows, columns, range(channels))] += tap
        scaled = multiply_by_quantized_multiplier(sums, self.multipliers, self.shifts.astype(np.int64))
        low, high = self.geometry.activation_min, self.geometry.activation_max
        return np.clip(scaled + self.output_zero_point, low, high).astype(np.int8)

    def _taken(self, out: int, k: int, axis: int, pad: int) -> tuple[Array, Array]:
        """Output positions of one axis whose tap k lies inside the input, and those input positions."""
        outputs = np.arange(out)
        inputs = outputs * self.geometry.stride[axis] - pad + k * self.geometry.dilation[axis]
        inside = (inputs >= 0) & (inputs < self.input.shape[1 + axis])
        return outputs[inside], inputs[inside]


def multiply_by_quantized_multiplier(x: Array, multiplier: Array, shift: Array) -> Array:
    """gemmlowp's two roundings, written as gemmlowp writes them: nudge by sign, divide towards zero."""
    shifted = (x << np.maximum(shift, 0)).astype(np.int32).astype(np.int64)
    product = shifted * multiplier
    nudged = product + np.where(product >= 0, 1 << 30, 1 - (1 << 30))
    high = np.where(nudged >= 0, nudged >> 31, -((-nudged) >> 31))
    right = np.maximum(-shift, 0)
    mask = (1 << right) - 1
    threshold = (mask >> 1) + (high < 0)
    return (high >> right) + ((high & mask) > threshold)


def random_case(
    rng: np.random.Generator,
    *,
    in_shape: tuple[int, int, int],
    kernel: tuple[int, int] = (1, 1),
    out_channels: int = 8,
    density: float = 0.25,
    block_shape: tuple[int, int] = (1, 4),
    flat: bool = False,
    geometry: ConvGeometry | None = None,
    batches: int = 1,
    extreme: bool = False,
) -> ConvCase:
    """`extreme`: full-range values, any legal multiplier and shift; otherwise scales as models have them."""
    height, width, channels = in_shape
    weights = rng.integers(-127, 128, (out_channels, *kernel, channels)).astype(np.int8)
    groups = -(-channels // block_shape[1])
    keep = rng.random((-(-out_channels // block_shape[0]), *kernel, groups)) < density
    keep = np.repeat(np.repeat(keep, block_shape[0], 0), block_shape[1], 3)[:out_channels, :, :, :channels]
    weights[~keep] = 0
    bias_limit = 2**31 - 1 if extreme else 1 << 14
    return ConvCase(
        input=rng.integers(-128, 128, (batches, height, width, channels)).astype(np.int8),
        weights=weights,
        bias=(rng.integers(-bias_limit, bias_limit, out_channels) >> rng.integers(0, 31 if extreme else 8)).astype(
            np.int32
        ),
        multipliers=rng.integers(1 << 30, (1 << 31) - 1, out_channels, endpoint=True).astype(np.int32),
        shifts=rng.integers(-31 if extreme else -12, 0 if extreme else -5, out_channels).astype(np.int8),
        geometry=geometry or ConvGeometry(),
        block_shape=block_shape,
        flat=flat,
        input_zero_point=int(rng.integers(-128, 128)),
        output_zero_point=int(rng.integers(-128, 128)),
    )


@st.composite
def conv_cases(draw: st.DrawFn, max_side: int = 7, max_channels: int = 11) -> ConvCase:
    """Shapes, strides, dilations, paddings, blocks with tails, masks and zero points."""
    kernel = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    stride = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    dilation = (draw(st.integers(1, 2)), draw(st.integers(1, 2)))
    low, high = sorted((draw(st.integers(-128, 127)), draw(st.integers(-128, 127))))
    fused = draw(st.booleans())
    geometry = ConvGeometry(stride, dilation, draw(st.booleans()), low if fused else -128, high if fused else 127)
    least = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    in_shape = (*(draw(st.integers(side, side + max_side)) for side in least), draw(st.integers(1, max_channels)))
    return random_case(
        np.random.default_rng(draw(st.integers(0, 2**32 - 1))),
        in_shape=in_shape,
        kernel=kernel,
        out_channels=draw(st.integers(1, max_channels)),
        density=draw(st.sampled_from([0.0, 0.1, 0.25, 0.6, 1.0])),
        block_shape=(draw(st.sampled_from([1, 1, 2, 3, 4])), draw(st.sampled_from([1, 2, 3, 4, 4, 8, 16]))),
        flat=draw(st.booleans()),
        geometry=geometry,
        batches=draw(st.integers(1, 2)),
        extreme=draw(st.booleans()),
    )
