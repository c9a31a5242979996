"""The layers that are measured."""

from __future__ import annotations

import math
from dataclasses import dataclass

CONV = "CONV_2D"
DEPTHWISE = "DEPTHWISE_CONV_2D"
FULLY_CONNECTED = "FULLY_CONNECTED"
SEPARABLE = "SEPARABLE_CONV_2D"
"""A 3x3 DEPTHWISE_CONV_2D and the 1x1 CONV_2D behind it."""

SWEEP = (0.0, 0.1, 0.2, 0.3, 0.4, 0.45, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9)
COARSE = (0.0, 0.2, 0.45, 0.5, 0.75, 0.9)
QUICK = (0.0, 0.5, 0.75)


@dataclass(frozen=True)
class Layer:
    """One int8 operator on a batch of one."""

    operator: str
    """The dense operator's name in TFLite."""
    source: str
    """Where such a layer is found."""
    kernel: tuple[int, int]
    """(height, width), as are the others."""
    in_channels: int
    out_channels: int
    output: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    same: bool = True
    """Padding: SAME, or VALID."""
    relu: bool = True
    input_size: tuple[int, int] | None = None
    """None: the size that padding and stride suggest."""
    behind_depthwise: bool = False
    """A 1x1 CONV_2D together with the 3x3 DEPTHWISE_CONV_2D before it."""
    sweep: bool = False
    """Measured at all of `SWEEP` and plotted."""

    @property
    def name(self) -> str:
        """The operator's, or `SEPARABLE` for two."""
        return SEPARABLE if self.behind_depthwise else self.operator

    @property
    def depthwise(self) -> Layer:
        """The layer before this one, with `behind_depthwise`."""
        return Layer(DEPTHWISE, self.source, (3, 3), self.in_channels, self.in_channels, self.output)

    @property
    def shape(self) -> str:
        """`kernel h x w x in x out @ output h x w`, as ``1x1x64x64@25x5``; of two layers the larger kernel."""
        kernel = self.depthwise.kernel if self.behind_depthwise else self.kernel
        sides = (*kernel, self.in_channels, self.out_channels)
        return f"{'x'.join(map(str, sides))}@{self.output[0]}x{self.output[1]}"

    @property
    def input(self) -> tuple[int, int]:
        """(height, width) of the input."""
        if self.input_size is not None:
            return self.input_size
        if self.same:
            return (self.output[0] * self.stride[0], self.output[1] * self.stride[1])
        sides = zip(self.output, self.stride, self.kernel, self.dilation, strict=True)
        height, width = ((out - 1) * stride + (k - 1) * dilation + 1 for out, stride, k, dilation in sides)
        return height, width

    @property
    def depth(self) -> int:
        """Products of one output."""
        return math.prod(self.kernel) * (1 if self.operator == DEPTHWISE else self.in_channels)

    @property
    def macs(self) -> int:
        """Products of the dense layer, the border counted as data."""
        before = self.depthwise.macs if self.behind_depthwise else 0
        return before + math.prod(self.output) * self.out_channels * self.depth

    def sparsities(self, quick: bool = False) -> tuple[float, ...]:
        """Where the methods are measured that have no sparsity of their own."""
        return QUICK if quick else SWEEP if self.sweep else COARSE


def _dense(source: str, inputs: int, units: int, sweep: bool = False) -> Layer:
    return Layer(FULLY_CONNECTED, source, (1, 1), inputs, units, (1, 1), relu=False, sweep=sweep)


_KEYWORDS = "DS-CNN (MLPerf Tiny)"
_RESIDUAL, _SMALL_RESIDUAL = "tenet, 48 filters", "tenet, 32 filters"
_PAPER = "cnn_one_fstride4 (arXiv 2208.02765)"

LAYERS: tuple[Layer, ...] = (
    Layer(CONV, _KEYWORDS, (10, 4), 1, 64, (25, 5), (2, 2), input_size=(49, 10), sweep=True),
    Layer(DEPTHWISE, _KEYWORDS, (3, 3), 64, 64, (25, 5), sweep=True),
    Layer(CONV, _KEYWORDS, (1, 1), 64, 64, (25, 5), sweep=True),
    _dense(_KEYWORDS, 64, 12),
    Layer(CONV, _KEYWORDS, (1, 1), 64, 64, (25, 5), behind_depthwise=True),
    Layer(CONV, _PAPER, (8, 30), 1, 186, (9, 1), (4, 1), same=False, sweep=True),
    _dense(_PAPER, 1674, 32, sweep=True),
    _dense(_PAPER, 32, 128),
    _dense(_PAPER, 128, 128),
    _dense(_PAPER, 128, 6),
    Layer(CONV, "wider DS-CNN", (1, 1), 128, 128, (25, 5)),
    Layer(CONV, "ResNet-8, CIFAR-10 (MLPerf Tiny)", (3, 3), 16, 32, (16, 16), (2, 2)),
    Layer(CONV, "ResNet-8, CIFAR-10 (MLPerf Tiny)", (3, 3), 64, 64, (8, 8)),
    Layer(CONV, "MobileNet v1 0.25, 96x96 (MLPerf Tiny)", (1, 1), 32, 64, (12, 12)),
    Layer(DEPTHWISE, "MobileNet v1 0.25, 96x96 (MLPerf Tiny)", (3, 3), 32, 32, (12, 12), (2, 2)),
    _dense("autoencoder, anomaly detection (MLPerf Tiny)", 640, 128),
    Layer(DEPTHWISE, "MobileNet v1 0.25, 96x96 (MLPerf Tiny)", (3, 3), 32, 32, (24, 24)),
    Layer(DEPTHWISE, "MobileNet v1 0.25, 96x96 (MLPerf Tiny)", (3, 3), 128, 128, (6, 6)),
    Layer(DEPTHWISE, _RESIDUAL, (1, 9), 144, 144, (1, 24)),
    Layer(DEPTHWISE, _RESIDUAL, (1, 9), 144, 144, (1, 12)),
    Layer(DEPTHWISE, _RESIDUAL, (1, 9), 144, 144, (1, 6)),
    Layer(DEPTHWISE, _SMALL_RESIDUAL, (1, 9), 96, 96, (1, 24), (1, 2), input_size=(1, 47)),
    Layer(DEPTHWISE, _SMALL_RESIDUAL, (1, 9), 96, 96, (1, 12), (1, 2)),
    Layer(DEPTHWISE, _SMALL_RESIDUAL, (1, 9), 96, 96, (1, 6), (1, 2)),
    Layer(DEPTHWISE, "1x3 on the same", (1, 3), 144, 144, (1, 24)),
    Layer(DEPTHWISE, "5x5 of MobileNet v3", (5, 5), 32, 32, (12, 12)),
)
"""Activations of each fit the DTCM arena of the image (stm32f7_app/bench_ops/main.cc)."""


def find(shape: str, operator: str | None = None) -> Layer:
    """The layer of that shape; for tests and callers."""
    return next(layer for layer in LAYERS if layer.shape == shape and operator in (None, layer.name))
