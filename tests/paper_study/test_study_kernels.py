"""Every method gives what the dense layer gives: numpy = host = Cortex-M7."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from study_case import PAIRS, Case, cases, extreme
from study_host import HostStudy
from study_m7 import M7Study

from kws_tflm.bench.paper import reference
from kws_tflm.bench.paper.layers import PAPER_LAYERS, ConvShape, Layer
from kws_tflm.bench.paper.masks import Granularity, Pattern, keep_mask
from kws_tflm.bench.paper.methods import Kernel, Method, prepare
from kws_tflm.bench.paper.tensors import Element

NAMES = [f"{method.value}-{element.label}" for method, element in PAIRS]
TAILS = Case(Layer("tails", ConvShape(7, 5, 3, 4, 3, 2, 2, 1), 3, True), Pattern.RANDOM, 0.4, 5)


def dense_twin(kernel: Kernel) -> Kernel:
    """The same layer with its zeros, by the plain dense kernel."""
    return replace(
        kernel, method=Method.DENSE, stored=kernel.tensors.weights, row_masks=None, offsets=None, channel_end=None
    )


@pytest.mark.parametrize(("method", "element"), PAIRS, ids=NAMES)
@given(case=cases())
@settings(max_examples=40, deadline=None)
def test_host_equals_reference_and_dense(study_host: HostStudy, method: Method, element: Element, case: Case):
    tensors = case.tensors(method, element)
    for variant in (tensors, extreme(tensors, case.seed)):
        kernel = prepare(method, case.layer, variant)
        found = study_host.run(kernel)
        assert reference.agree(kernel.tensors, found)
        np.testing.assert_array_equal(found, study_host.run(dense_twin(kernel)))


@pytest.mark.parametrize(("method", "element"), PAIRS, ids=NAMES)
@given(case=cases())
@settings(max_examples=8, deadline=None)
def test_m7_equals_host(study_host: HostStudy, study_m7: M7Study, method: Method, element: Element, case: Case):
    tensors = case.tensors(method, element)
    for variant in (tensors, extreme(tensors, case.seed)):
        kernel = prepare(method, case.layer, variant)
        np.testing.assert_array_equal(study_m7.run(kernel), study_host.run(kernel))


@pytest.mark.parametrize(("method", "element"), PAIRS, ids=NAMES)
def test_layers_of_the_paper(study_host: HostStudy, method: Method, element: Element):
    for layer in PAPER_LAYERS:
        kernel = prepare(method, layer, Case(layer, Pattern.MAGNITUDE, 0.7, 3).tensors(method, element))
        assert reference.agree(kernel.tensors, study_host.run(kernel))


def test_sizes_are_those_of_the_paper():
    assert sum(layer.shape.macs for layer in PAPER_LAYERS) == 476_576
    assert sum(layer.shape.weights + layer.shape.out_c for layer in PAPER_LAYERS) == 119_936


@pytest.mark.parametrize("granularity", Granularity)
@pytest.mark.parametrize("pattern", Pattern)
def test_mask_prunes_exactly(granularity: Granularity, pattern: Pattern):
    layer, rng = PAPER_LAYERS[0], np.random.default_rng(0)
    weights = rng.normal(size=layer.shape.weight_shape)
    keep = keep_mask(layer, weights, granularity, pattern, 0.5, rng)
    assert np.count_nonzero(~keep) == weights.size // 2


def test_stored_bytes_follow_the_method():
    tensors = TAILS.tensors(Method.INDEX_LIST, Element.INT8)
    nonzero = int(np.count_nonzero(tensors.weights))
    assert prepare(Method.INDEX_LIST, TAILS.layer, tensors).weight_bytes == 3 * nonzero + 4 * 4
    assert prepare(Method.DENSE, TAILS.layer, tensors).weight_bytes == TAILS.layer.shape.weights
