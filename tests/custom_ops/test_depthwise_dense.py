"""Dense DEPTHWISE_CONV_2D: host kernel = emulated M7 kernel with its assembly = numpy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from depthwise_case import DepthwiseCase, depthwise_cases, random_depthwise
from depthwise_kernels import Kernels, host_kernels, m7_kernels
from hypothesis import given, settings


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Kernels:
    return host_kernels(tmp_path_factory.mktemp("depthwise"))


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Kernels:
    return m7_kernels(Path(tmp_path_factory.mktemp("depthwise_m7")))


@settings(max_examples=150, deadline=None)
@given(case=depthwise_cases())
def test_host_kernel_gives_tflites_bytes(host: Kernels, case: DepthwiseCase) -> None:
    np.testing.assert_array_equal(host.dense(case), case.expected())


@settings(max_examples=150, deadline=None)
@given(case=depthwise_cases(only_3x3=True))
def test_emulated_m7_gives_the_same_bytes_for_3x3(target: Kernels, case: DepthwiseCase) -> None:
    np.testing.assert_array_equal(target.dense(case), case.expected())


@settings(max_examples=60, deadline=None)
@given(case=depthwise_cases())
def test_emulated_m7_gives_the_same_bytes(target: Kernels, case: DepthwiseCase) -> None:
    np.testing.assert_array_equal(target.dense(case), case.expected())


@pytest.mark.parametrize("sign", [1, -1])
def test_rounding_of_ties(host: Kernels, target: Kernels, sign: int) -> None:
    """Multipliers of a power of two put every second accumulator on a tie."""
    case = random_depthwise(np.random.default_rng(3), (9, 6, 8), same=True)
    fields = {"multipliers": np.full(8, 1 << 30, np.int32), "shifts": np.full(8, -8, np.int32)}
    case = DepthwiseCase(**{**vars(case), **fields, "bias": (sign * np.arange(8) * 33).astype(np.int32)})
    expected = case.expected()
    for kernels in (host, target):
        np.testing.assert_array_equal(kernels.dense(case), expected)
        np.testing.assert_array_equal(kernels.dense(case, forbid_narrow=True), expected)
