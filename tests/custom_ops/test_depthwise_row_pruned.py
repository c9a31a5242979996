"""KWS_SPARSE_DEPTHWISE_CONV_2D: reference = host kernel = emulated M7 kernel with its assembly = numpy."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from depthwise_case import DepthwiseCase, random_depthwise, row_pruned_cases
from depthwise_kernels import Kernels, host_kernels, m7_kernels
from hypothesis import given, settings


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Kernels:
    return host_kernels(tmp_path_factory.mktemp("row_pruned"))


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Kernels:
    return m7_kernels(tmp_path_factory.mktemp("row_pruned_m7"))


@settings(max_examples=120, deadline=None)
@given(case=row_pruned_cases())
def test_both_kernels_give_tflites_bytes(host: Kernels, case: DepthwiseCase) -> None:
    expected = case.expected()
    np.testing.assert_array_equal(host.row_pruned(case, reference=True), expected)
    np.testing.assert_array_equal(host.row_pruned(case), expected)


@settings(max_examples=150, deadline=None)
@given(case=row_pruned_cases(only_3x3=True))
def test_emulated_m7_gives_the_same_bytes_for_3x3(target: Kernels, case: DepthwiseCase) -> None:
    np.testing.assert_array_equal(target.row_pruned(case), case.expected())


@settings(max_examples=40, deadline=None)
@given(case=row_pruned_cases())
def test_emulated_m7_gives_the_same_bytes(target: Kernels, case: DepthwiseCase) -> None:
    np.testing.assert_array_equal(target.row_pruned(case), case.expected())


@pytest.mark.parametrize("width", [1, 2, 5, 6])
def test_each_choice_of_rows(host: Kernels, target: Kernels, width: int) -> None:
    """All eight masks of a 3x3 filter beside each other, in an even and an odd number of rows."""
    for height in (4, 5):
        case = random_depthwise(np.random.default_rng(width), (height, width, 8), same=True)
        keep = np.array(list(itertools.product([False, True], repeat=3))).T
        pruned = case.without_rows(keep)
        expected = pruned.expected()
        for kernels in (host, target):
            np.testing.assert_array_equal(kernels.row_pruned(pruned), expected)
            np.testing.assert_array_equal(kernels.row_pruned(pruned, forbid_narrow=True), expected)
            np.testing.assert_array_equal(kernels.dense(pruned), expected)
