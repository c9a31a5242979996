"""Depthwise layers along rows: the cost model follows the board, so that packing full rows does not look fast."""

from __future__ import annotations

import numpy as np
import pytest

from kws_tflm.bench.ops.layers import DEPTHWISE, LAYERS, Layer
from kws_tflm.bench.ops.weights import draw
from kws_tflm.convert import cost_model
from kws_tflm.convert.candidates import form_of
from kws_tflm.convert.depthwise_kernels import DepthwiseShape, depthwise_kernel

ROWS = [layer for layer in LAYERS if layer.operator == DEPTHWISE and layer.kernel[0] == 1]


@pytest.mark.parametrize("layer", ROWS, ids=lambda layer: layer.shape)
def test_dense_is_the_estimate_of_choice_for_full_rows(layer: Layer) -> None:
    converted = draw(layer, 1).as_converted()
    model, cycles = cost_model.installed(), {}
    for method in ("dense_m7", "row_pruned"):
        form = form_of(method, converted)
        cycles[method] = model.cycles(DEPTHWISE, form.figures, form.features(converted))
    assert cycles["dense_m7"] < cycles["row_pruned"]
    products = int(np.prod(layer.output)) * layer.out_channels * int(np.prod(layer.kernel))
    assert cycles["dense_m7"] / products < 4.5


@pytest.mark.parametrize(
    ("kernel", "stride", "dilation", "channels", "outputs", "expected"),
    [
        ((1, 9), (1, 1), (1, 1), (8, 8), 24, "lines"),
        ((9, 1), (2, 1), (1, 1), (8, 8), 24, "lines"),
        ((1, 9), (1, 3), (1, 1), (8, 8), 24, "window"),
        ((1, 9), (1, 1), (1, 2), (8, 8), 24, "window"),
        ((1, 16), (1, 1), (1, 1), (8, 8), 24, "window"),
        ((1, 16), (1, 2), (1, 1), (8, 8), 24, "lines"),
        ((3, 3), (2, 2), (1, 1), (8, 8), 24, "lines"),
        ((3, 3), (1, 1), (1, 1), (8, 8), 24, "3x3"),
        ((3, 3), (2, 2), (1, 1), (3, 3), 24, "window"),
        ((3, 3), (2, 2), (1, 1), (8, 8), 3, "window"),
        ((3, 3), (2, 2), (1, 1), (4, 8), 24, "multiplied"),
    ],
)
def test_kernel_of_a_shape(kernel, stride, dilation, channels, outputs, expected):
    assert depthwise_kernel(DepthwiseShape(kernel, stride, dilation, *channels, outputs)) == expected
