"""Layers of any shape, pruned in any way."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st

from kws_tflm.bench.paper.layers import ConvShape, Layer
from kws_tflm.bench.paper.masks import Pattern, keep_mask
from kws_tflm.bench.paper.methods import Method
from kws_tflm.bench.paper.tensors import Element, FloatLayer, LayerTensors, to_element

PAIRS = [(method, element) for method in Method for element in Element if method.exists_for(element)]


@dataclass(frozen=True)
class Case:
    layer: Layer
    pattern: Pattern
    sparsity: float
    seed: int

    def tensors(self, method: Method, element: Element) -> LayerTensors:
        """The layer with weights pruned as `method` wants them."""
        rng = np.random.default_rng(self.seed)
        shape = self.layer.shape
        weights = rng.laplace(0, 0.1, shape.weight_shape)
        weights *= keep_mask(self.layer, weights, method.granularity, self.pattern, self.sparsity, rng)
        values = FloatLayer(
            shape, rng.normal(0, 2, shape.input_shape), weights, rng.normal(0, 1, shape.out_c), self.layer.relu
        )
        return to_element(values, element)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    size = st.integers(1, 6)
    k_h, k_w = draw(size), draw(size)
    shape = ConvShape(
        k_h + draw(st.integers(0, 5)), k_w + draw(st.integers(0, 5)), draw(st.integers(1, 9)), draw(st.integers(1, 7)),
        k_h, k_w, draw(st.integers(1, 3)), draw(st.integers(1, 3)),
    )  # fmt: skip
    layer = Layer("drawn", shape, k_h, draw(st.booleans()), draw(st.booleans()))
    return Case(layer, draw(st.sampled_from(Pattern)), draw(st.floats(0, 1)), draw(st.integers(0, 2**32)))


def extreme(tensors: LayerTensors, seed: int) -> LayerTensors:
    """Integers over their whole range: sums that wrap, outputs that saturate."""
    if tensors.element is Element.FLOAT32:
        return tensors
    rng = np.random.default_rng(seed)
    limits = np.iinfo(tensors.element.dtype)
    low, high, shape = limits.min, limits.max + 1, tensors.shape
    values = rng.integers(low, high, shape.input_shape).astype(tensors.element.dtype)
    weights = rng.integers(low, high, shape.weight_shape).astype(tensors.element.dtype)
    weights[tensors.weights == 0] = 0
    return replace(tensors, input=values, weights=weights)
