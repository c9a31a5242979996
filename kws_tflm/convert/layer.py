"""What the forms of a layer and the cost model see of it: weights, quantisation, geometry."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from kws_tflm.convert.packing import ConvGeometry

CONV, DEPTHWISE, FULLY_CONNECTED = "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"


@dataclass(frozen=True, eq=False)
class Layer:
    """A CONV_2D, DEPTHWISE_CONV_2D or FULLY_CONNECTED with constant int8 weights."""

    operator: str
    """TFLite's name of the built-in operator."""
    weights: npt.NDArray[np.int8]
    """CONV_2D [out, kernel_h, kernel_w, in]; DEPTHWISE_CONV_2D [1, kernel_h, kernel_w, out];
    FULLY_CONNECTED [units, 1, 1, depth]."""
    bias: npt.NDArray[np.int32]
    """[out]"""
    multipliers: npt.NDArray[np.int32]
    """[out] Q31, 0 or at least 2^30."""
    shifts: npt.NDArray[np.int64]
    """[out] to the left."""
    input_shape: tuple[int, int, int, int]
    """Batches, height, width, channels; a FULLY_CONNECTED has (rows, 1, 1, depth)."""
    output_shape: tuple[int, int, int, int]
    geometry: ConvGeometry = field(default_factory=ConvGeometry)
    per_channel: bool = True
    """The built-in operator carries a scale for every output channel, not one."""
    input_zero_point: int = -128

    @property
    def positions(self) -> int:
        """Output positions, all batches."""
        return int(np.prod(self.output_shape[:3]))

    @property
    def out_channels(self) -> int:
        """Output channels or units."""
        return self.output_shape[3]

    @property
    def in_channels(self) -> int:
        """Input channels or depth."""
        return self.input_shape[3]

    @property
    def kernel(self) -> tuple[int, int]:
        """Height and width."""
        return int(self.weights.shape[1]), int(self.weights.shape[2])

    @property
    def sparsity(self) -> float:
        """Zero weights over all weights."""
        return float(np.mean(self.weights == 0))

    @property
    def is_single_position(self) -> bool:
        """One output position a batch whose window is the whole input: the same sum as a FULLY_CONNECTED."""
        whole = self.input_shape[1:3] == self.kernel and self.output_shape[1:3] == (1, 1)
        return self.operator == CONV and whole and not self.pads

    @property
    def pads(self) -> bool:
        """Some window reaches outside the input."""
        if not self.geometry.same_padding:
            return False
        sizes = zip(self.input_shape[1:3], self.output_shape[1:3], self.kernel,
                    self.geometry.stride, self.geometry.dilation, strict=True)  # fmt: skip
        return any((out - 1) * stride + (k - 1) * dilation + 1 > size for size, out, k, stride, dilation in sizes)

    @property
    def shape(self) -> str:
        """`kernel_h x kernel_w x in x out @ output h x w`, as `1x1x64x64@25x5`."""
        kernel_h, kernel_w = self.kernel
        height, width = self.output_shape[1:3]
        return f"{kernel_h}x{kernel_w}x{self.in_channels}x{self.out_channels}@{height}x{width}"
