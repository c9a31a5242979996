"""Index list and N:M convolutions: reference = M7 on the host = emulated M7 = numpy."""

from __future__ import annotations

import numpy as np
import pytest
from conv_case import ConvCase, random_case
from host_library import HostKernels
from hypothesis import given, settings
from m7_target import M7Kernels
from nonzero_case import NONZERO_SOURCES, index_list_case, index_list_cases, n_of_m_case, n_of_m_cases, pointwise_case

from kws_tflm.convert.packing import ConvGeometry


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> HostKernels:
    return HostKernels(tmp_path_factory.mktemp("nonzero_host"), NONZERO_SOURCES)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> M7Kernels:
    return M7Kernels(tmp_path_factory.mktemp("nonzero_m7"), NONZERO_SOURCES)


def check(host: HostKernels, case: ConvCase) -> None:
    expected = case.expected()
    np.testing.assert_array_equal(host.conv(case, m7=False), expected)
    np.testing.assert_array_equal(host.conv(case, m7=True), expected)
    np.testing.assert_array_equal(host.conv(case, m7=True, forbid_narrow=True), expected)


@settings(max_examples=150, deadline=None)
@given(case=index_list_cases())
def test_index_list_gives_tflites_bytes(host: HostKernels, case: ConvCase) -> None:
    check(host, case)


@settings(max_examples=150, deadline=None)
@given(case=n_of_m_cases())
def test_n_of_m_gives_tflites_bytes(host: HostKernels, case: ConvCase) -> None:
    check(host, case)


@settings(max_examples=40, deadline=None)
@given(case=index_list_cases())
def test_emulated_index_list(target: M7Kernels, case: ConvCase) -> None:
    np.testing.assert_array_equal(target.conv(case, m7=True), case.expected())


@settings(max_examples=40, deadline=None)
@given(case=n_of_m_cases())
def test_emulated_n_of_m(target: M7Kernels, case: ConvCase) -> None:
    np.testing.assert_array_equal(target.conv(case, m7=True), case.expected())


@pytest.mark.parametrize("sparsity", [0.0, 0.45, 0.9, 0.98, 1.0])
def test_short_way_on_a_pointwise_layer(host: HostKernels, target: M7Kernels, sparsity: float) -> None:
    """Rows of every length, empty ones among them."""
    case = pointwise_case(sparsity)
    check(host, case)
    np.testing.assert_array_equal(target.conv(case, m7=True), case.expected())


@pytest.mark.parametrize("n", [1, 2])
def test_short_way_of_n_of_m(host: HostKernels, target: M7Kernels, n: int) -> None:
    case = pointwise_case(0.0, n)
    check(host, case)
    np.testing.assert_array_equal(target.conv(case, m7=True), case.expected())


@pytest.mark.parametrize("n", [None, 2])
def test_rows_that_would_leave_their_fields_are_taken_in_segments(
    host: HostKernels, target: M7Kernels, n: int | None
) -> None:
    """300 weights of 127 against inputs as far from the zero point as they go: more than 2^22."""
    geometry = ConvGeometry(same_padding=True)
    case = random_case(
        np.random.default_rng(2), in_shape=(5, 4, 200), kernel=(1, 3), out_channels=4, density=1.0, geometry=geometry
    )
    case = index_list_case(case) if n is None else n_of_m_case(case, n, 3)
    case.weights[case.weights != 0] = 127
    case.weights[1] = -case.weights[1]
    case = type(case)(**{**vars(case), "input_zero_point": -128})
    case.input[...] = 127
    check(host, case)
    np.testing.assert_array_equal(target.conv(case, m7=True), case.expected())


@pytest.mark.parametrize("positive", [False, True])
def test_rounding_ties(host: HostKernels, target: M7Kernels, positive: bool) -> None:
    """Multipliers of a power of two put every second accumulator on a tie."""
    case = index_list_case(random_case(np.random.default_rng(5), in_shape=(5, 5, 8), out_channels=16, density=1.0))
    sign = 1 if positive else -1
    changes = {
        "multipliers": np.full(16, 1 << 30, np.int32),
        "bias": (sign * np.arange(16) * 33).astype(np.int32),
        "shifts": np.full(16, -8, np.int8),
    }
    case = type(case)(**{**vars(case), **changes})
    check(host, case)
    np.testing.assert_array_equal(target.conv(case, m7=True), case.expected())


def test_long_gaps_between_weights(host: HostKernels, target: M7Kernels) -> None:
    case = index_list_case(random_case(np.random.default_rng(6), in_shape=(3, 3, 900), out_channels=5, density=0.0))
    case.weights[0, 0, 0, [0, 255, 511, 899]] = 1, -2, 3, 4
    case.weights[2, 0, 0, [899]] = -128
    case.weights[3, 0, 0, [10, 266]] = 7, 8
    check(host, case)
    np.testing.assert_array_equal(target.conv(case, m7=True), case.expected())


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("width", [3, 4, 5, 9])
@pytest.mark.parametrize(("kernel_w", "stride_w", "same"), [(4, 2, True), (3, 1, True), (2, 1, False), (1, 3, False)])
def test_kernel_rows_of_a_word(
    host: HostKernels, target: M7Kernels, channels: int, width: int, kernel_w: int, stride_w: int, same: bool
) -> None:
    """First layers: few channels, kernel rows that hang over both sides of a narrow input."""
    geometry = ConvGeometry((2, stride_w), (2, 1), same)
    case = random_case(
        np.random.default_rng(width), in_shape=(11, width, channels), kernel=(4, kernel_w), out_channels=3,
        density=0.7, block_shape=(1, 1), geometry=geometry, batches=2,
    )  # fmt: skip
    for packed in (index_list_case(case), n_of_m_case(ConvCase(**{**vars(case), "flat": True}), 2, 1)):
        check(host, packed)
        np.testing.assert_array_equal(target.conv(packed, m7=True), packed.expected())
