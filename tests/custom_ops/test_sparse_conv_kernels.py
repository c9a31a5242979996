"""Reference = M7 = numpy = tf.lite, byte for byte."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conv_case import ConvCase, conv_cases, random_case
from host_library import HostKernels
from hypothesis import given, settings
from hypothesis import strategies as st
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


FAST_BLOCKS = [(1, 2), (1, 4), (2, 2), (2, 4), (4, 1), (4, 4)]


@st.composite
def fast_cases(draw: st.DrawFn) -> ConvCase:
    """Narrow layers without a clamp in the block shapes that have kernels of their own; any number of positions."""
    kernel = (draw(st.integers(1, 3)), draw(st.integers(1, 4)))
    stride = (draw(st.integers(1, 3)), draw(st.integers(1, 2)))
    geometry = ConvGeometry(stride, (1, draw(st.integers(1, 2))), draw(st.booleans()), -128, 127)
    least = [(k - 1) * d + 1 for k, d in zip(kernel, geometry.dilation, strict=True)]
    in_shape = (least[0] + draw(st.integers(0, 6)), least[1] + draw(st.integers(0, 6)), draw(st.integers(1, 40)))
    case = random_case(
        np.random.default_rng(draw(st.integers(0, 2**32 - 1))),
        in_shape=in_shape,
        kernel=kernel,
        out_channels=draw(st.integers(1, 19)),
        density=draw(st.sampled_from([0.0, 0.03, 0.2, 0.5, 1.0])),
        block_shape=draw(st.sampled_from(FAST_BLOCKS)),
        flat=draw(st.booleans()),
        geometry=geometry,
        batches=draw(st.integers(1, 2)),
    )
    odd_channels = draw(st.lists(st.integers(0, case.shifts.size - 1), max_size=2))
    shifts = case.shifts.copy()
    shifts[odd_channels] = draw(st.sampled_from([0, 2, -1, -22, -23, -31]))  # beside the fast requantisation
    return replace(case, shifts=shifts)


@settings(max_examples=150, deadline=None)
@given(case=fast_cases())
def test_kernels_of_block_shapes_in_assembly(host: HostKernels, target: M7Kernels, case: ConvCase) -> None:
    expected = case.expected()
    np.testing.assert_array_equal(host.conv(case, m7=True), expected)
    np.testing.assert_array_equal(target.conv(case, m7=True), expected)


@pytest.mark.parametrize("block_shape", FAST_BLOCKS)
def test_two_byte_indices_of_every_block_shape(
    host: HostKernels, target: M7Kernels, block_shape: tuple[int, int]
) -> None:
    in_channels = 257 * block_shape[1]
    case = random_case(
        np.random.default_rng(10), in_shape=(3, 4, in_channels), out_channels=9, density=0.1, block_shape=block_shape
    )
    assert case.packed[15] == 2
    np.testing.assert_array_equal(host.conv(case, m7=True), case.expected())
    np.testing.assert_array_equal(target.conv(case, m7=True), case.expected())


@pytest.mark.parametrize("block_shape", FAST_BLOCKS)
@pytest.mark.parametrize("positions", [1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 17])
def test_tiles_that_are_not_full(
    host: HostKernels, target: M7Kernels, block_shape: tuple[int, int], positions: int
) -> None:
    case = random_case(
        np.random.default_rng(positions), in_shape=(positions, 1, 12), density=0.5, block_shape=block_shape
    )
    np.testing.assert_array_equal(host.conv(case, m7=True), case.expected())
    np.testing.assert_array_equal(target.conv(case, m7=True), case.expected())


@settings(max_examples=60, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    channels=st.sampled_from([1, 2, 4]),
    kernel_h=st.integers(1, 10),
    stride=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    dilation_h=st.integers(1, 2),
    seed=st.integers(0, 2**32 - 1),
)
def test_first_layers_with_kernel_rows_of_four_bytes(
    host: HostKernels,
    target: M7Kernels,
    shape: tuple[int, int],
    channels: int,
    kernel_h: int,
    stride: tuple[int, int],
    dilation_h: int,
    seed: int,
) -> None:
    """Receptive fields are clipped at all sides, by whole kernel rows too."""
    case = random_case(
        np.random.default_rng(seed),
        in_shape=(*shape, channels),
        kernel=(kernel_h, 4 // channels),
        density=0.5,
        flat=True,
        geometry=ConvGeometry(stride, (dilation_h, 1), True, -128, 127),
    )
    expected = case.expected()
    np.testing.assert_array_equal(host.conv(case, m7=True), expected)
    np.testing.assert_array_equal(target.conv(case, m7=True), expected)


@pytest.mark.parametrize("positive", [False, True])
def test_rounding_ties_in_assembly(target: M7Kernels, positive: bool) -> None:
    case = random_case(np.random.default_rng(12), in_shape=(5, 5, 8), out_channels=16, density=1.0)
    bias = (np.arange(16) * (33 if positive else -33)).astype(np.int32)
    case = replace(case, multipliers=np.full(16, 1 << 30, np.int32), bias=bias, shifts=np.full(16, -8, np.int8))
    np.testing.assert_array_equal(target.conv(case, m7=True), case.expected())


def test_instructions_of_the_ds_cnn_layer(target: M7Kernels) -> None:
    """1x1, 64 -> 64 on 25x5, 75 % zeros; TFLM's reference CONV_2D needs about 9 million on this layer."""
    case = random_case(np.random.default_rng(9), in_shape=(25, 5, 64), out_channels=64, density=0.25)
    np.testing.assert_array_equal(target.conv(case, m7=True, count=True), case.expected())
    print(f"1x1x64x64@25x5, 75 % zeros: {target.instructions} instructions, validation included")
    assert 100_000 < target.instructions < 320_000
