"""Reference = M7 = numpy = tf.lite, byte for byte."""

from __future__ import annotations

import numpy as np
import pytest
from conv_case import ConvCase, conv_cases, random_case
from host_library import HostKernels
from hypothesis import given, settings
from m7_target import M7Kernels

from kws_tflm.convert.packing import ConvGeometry


@settings(max_examples=150, deadline=None)
@given(case=conv_cases())
def test_both_kernels_give_tflites_bytes(host: HostKernels, case: ConvCase) -> None:
    expected = case.expected()
    np.testing.assert_array_equal(host.conv(case, m7=False), expected)
    np.testing.assert_array_equal(host.conv(case, m7=True), expected)


@settings(max_examples=40, deadline=None)
@given(case=conv_cases())
def test_emulated_m7_gives_the_hosts_bytes(host: HostKernels, target: M7Kernels, case: ConvCase) -> None:
    np.testing.assert_array_equal(target.conv(case, m7=True), host.conv(case, m7=True))


@pytest.mark.parametrize("positive", [False, True])
def test_short_and_general_requantisation_agree_on_ties(host: HostKernels, positive: bool) -> None:
    """Multipliers of a power of two put every second accumulator on a rounding tie."""
    rng = np.random.default_rng(5)
    case = random_case(rng, in_shape=(5, 5, 8), out_channels=16, density=1.0)
    sign = 1 if positive else -1
    case = ConvCase(**{**vars(case), "multipliers": np.full(16, 1 << 30, np.int32), "bias": sign * np.arange(16) * 33})
    case = ConvCase(**{**vars(case), "bias": case.bias.astype(np.int32), "shifts": np.full(16, -8, np.int8)})
    expected = case.expected()
    np.testing.assert_array_equal(host.conv(case, m7=True), expected)
    np.testing.assert_array_equal(host.conv(case, m7=True, forbid_narrow=True), expected)


def test_left_shifts_take_the_general_requantisation(host: HostKernels, target: M7Kernels) -> None:
    case = random_case(np.random.default_rng(6), in_shape=(3, 3, 8), out_channels=4)
    case = ConvCase(**{**vars(case), "shifts": np.array([0, 1, 3, -4], np.int8), "bias": np.zeros(4, np.int32)})
    np.testing.assert_array_equal(host.conv(case, m7=True), case.expected())
    np.testing.assert_array_equal(target.conv(case, m7=True), case.expected())


def test_empty_layer_is_its_bias(host: HostKernels) -> None:
    case = random_case(np.random.default_rng(7), in_shape=(3, 3, 8), density=0.0)
    assert not case.weights.any()
    np.testing.assert_array_equal(host.conv(case, m7=True), case.expected())


def test_wide_layers_use_two_byte_indices(host: HostKernels, target: M7Kernels) -> None:
    case = random_case(
        np.random.default_rng(8),
        in_shape=(4, 4, 160),
        kernel=(3, 3),
        out_channels=6,
        geometry=ConvGeometry(same_padding=True),
    )
    assert case.packed[15] == 2
    np.testing.assert_array_equal(host.conv(case, m7=True), case.expected())
    np.testing.assert_array_equal(target.conv(case, m7=True), case.expected())


def test_instructions_of_the_ds_cnn_layer(target: M7Kernels) -> None:
    """1x1, 64 -> 64 on 25x5, 75 % zeros; TFLM's reference CONV_2D needs about 9 million on this layer."""
    case = random_case(np.random.default_rng(9), in_shape=(25, 5, 64), out_channels=64, density=0.25)
    np.testing.assert_array_equal(target.conv(case, m7=True, count=True), case.expected())
    print(f"1x1x64x64@25x5, 75 % zeros: {target.instructions} instructions, validation included")
    assert 100_000 < target.instructions < 600_000
