"""Depthwise filters of one row, one column or a few rows: reference = host kernel = emulated M7 kernel = numpy."""

from __future__ import annotations

import numpy as np
import pytest
from depthwise_case import DepthwiseCase, line_cases, random_depthwise, row_pruned_cases
from depthwise_kernels import Kernels, host_kernels, m7_kernels
from hypothesis import given, settings


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Kernels:
    return host_kernels(tmp_path_factory.mktemp("lines"))


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Kernels:
    return m7_kernels(tmp_path_factory.mktemp("lines_m7"))


@settings(max_examples=250, deadline=None)
@given(case=line_cases())
def test_dense_kernel_gives_tflites_bytes(host: Kernels, target: Kernels, case: DepthwiseCase) -> None:
    expected = case.expected()
    np.testing.assert_array_equal(host.dense(case), expected)
    np.testing.assert_array_equal(target.dense(case), expected)


@settings(max_examples=150, deadline=None)
@given(case=row_pruned_cases(lines=True))
def test_packed_kernels_give_tflites_bytes(host: Kernels, target: Kernels, case: DepthwiseCase) -> None:
    expected = case.expected()
    np.testing.assert_array_equal(host.row_pruned(case, reference=True), expected)
    np.testing.assert_array_equal(host.row_pruned(case), expected)
    np.testing.assert_array_equal(target.row_pruned(case), expected)


@pytest.mark.parametrize("taps", range(2, 17))
def test_each_filter_width_and_requantisation(host: Kernels, target: Kernels, taps: int) -> None:
    """Each number of steps through the loops, both strides, by the short and the general requantisation."""
    for stride in (1, 2):
        case = random_depthwise(np.random.default_rng(taps), (1, 25, 8), (1, taps), same=True, stride=(stride, stride))
        expected = case.expected()
        for kernels in (host, target):
            np.testing.assert_array_equal(kernels.dense(case), expected)
            np.testing.assert_array_equal(kernels.dense(case, forbid_narrow=True), expected)


@pytest.mark.parametrize("sign", [1, -1])
def test_rounding_of_ties(host: Kernels, target: Kernels, sign: int) -> None:
    """Multipliers of a power of two put every second accumulator on a tie."""
    case = random_depthwise(np.random.default_rng(3), (1, 24, 8), (1, 9), same=True)
    fields = {"multipliers": np.full(8, 1 << 30, np.int32), "shifts": np.full(8, -8, np.int32)}
    case = DepthwiseCase(**{**vars(case), **fields, "bias": (sign * np.arange(8) * 33).astype(np.int32)})
    for kernels in (host, target):
        np.testing.assert_array_equal(kernels.dense(case), case.expected())
