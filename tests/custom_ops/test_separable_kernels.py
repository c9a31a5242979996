"""KWS_SEPARABLE_CONV_2D: the bytes of its two halves one after the other, on the host and on an emulated Cortex-M7."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from conv_case import ConvCase, random_case
from depthwise_case import DepthwiseCase, random_depthwise, row_pruned_cases
from depthwise_kernels import GUARD, SCRATCH_BYTES, SOURCES, Call, host_runner, m7_runner
from host_library import OPS
from hypothesis import given, settings
from hypothesis import strategies as st

from kws_tflm.convert.packing import ConvGeometry
from kws_tflm.convert.packing_depthwise import pack_depthwise

SEPARABLE_SOURCES = [
    *SOURCES,
    OPS / "formats" / "block_sparse_conv.cc",
    *sorted((OPS / "kernels").glob("sparse_conv2d_*.cc")),
    *sorted((OPS / "kernels").glob("separable_*.cc")),
    OPS / "tests" / "separable_c_api.cc",
]
FUNCTIONS = ("kws_separable",)


@dataclass(frozen=True)
class SeparableCase:
    depthwise: DepthwiseCase
    pointwise: ConvCase
    """Its input is not used; its zero points and shape follow from the first half."""

    def expected(self) -> np.ndarray:
        return replace(self.pointwise, input=self.depthwise.expected()).expected()

    def run(self, machine: Call, *, reference: bool = False) -> np.ndarray:
        first, second = self.depthwise, self.pointwise
        geometry = ConvGeometry(first.stride, first.dilation, first.same, *first.activation)
        packed = pack_depthwise(
            first.weights, first.multipliers, first.shifts, geometry, first.input.shape[3],
            inner_zero_point=first.output_zero_point,
        )  # fmt: skip
        shape = (*first.output_shape[:3], len(second.bias))
        size = int(np.prod(shape))
        data = [first.input.tobytes(), packed, second.packed]
        biases = [half.bias.astype("<i4").tobytes() for half in (first, second)]
        numbers = [
            len(packed), len(data[2]), size, SCRATCH_BYTES, *first.input.shape[:3],
            first.input_zero_point, second.output_zero_point, int(reference),
        ]  # fmt: skip
        status, output = machine("kws_separable", [*data, *biases, size + GUARD, SCRATCH_BYTES], numbers)
        assert status == 0, status
        assert output[size:] == b"\x5a" * GUARD, "wrote behind the output"
        return np.frombuffer(output[:size], np.int8).reshape(shape)


def second_half(rng: np.random.Generator, first: DepthwiseCase, block: tuple[int, int], channels: int) -> ConvCase:
    """A 1x1 convolution that takes what `first` gives."""
    _, *inner = first.output_shape
    low, high = sorted(int(value) for value in rng.integers(-128, 128, 2))
    geometry = ConvGeometry() if rng.random() < 0.5 else ConvGeometry(activation_min=low, activation_max=high)
    case = random_case(
        rng, in_shape=(inner[0], inner[1], inner[2]), out_channels=channels,
        density=float(rng.choice([0.25, 0.6, 1.0])),
        block_shape=block, geometry=geometry, extreme=bool(rng.random() < 0.2),
    )  # fmt: skip
    return replace(case, input_zero_point=first.output_zero_point)


@st.composite
def separable_cases(draw: st.DrawFn, *, only_3x3: bool = False) -> SeparableCase:
    first = draw(row_pruned_cases(only_3x3=only_3x3))
    block = draw(st.sampled_from([(1, 4), (1, 4), (1, 2), (2, 2), (4, 1), (2, 4), (4, 4), (3, 3), (1, 16)]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return SeparableCase(first, second_half(rng, first, block, draw(st.integers(1, 9))))


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Call:
    return host_runner(tmp_path_factory.mktemp("separable"), SEPARABLE_SOURCES)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Call:
    return m7_runner(tmp_path_factory.mktemp("separable_m7"), SEPARABLE_SOURCES, FUNCTIONS)


@settings(max_examples=100, deadline=None)
@given(case=separable_cases())
def test_host_kernels_give_the_bytes_of_two_operators(host: Call, case: SeparableCase) -> None:
    expected = case.expected()
    np.testing.assert_array_equal(case.run(host, reference=True), expected)
    np.testing.assert_array_equal(case.run(host), expected)


@settings(max_examples=60, deadline=None)
@given(case=separable_cases(only_3x3=True))
def test_emulated_m7_gives_the_same_bytes(target: Call, case: SeparableCase) -> None:
    np.testing.assert_array_equal(case.run(target), case.expected())


@pytest.mark.parametrize("block", [(1, 4), (1, 2), (4, 1)])
@pytest.mark.parametrize("side", [(25, 5), (3, 40), (8, 8)])
def test_fused_layers(host: Call, target: Call, block: tuple[int, int], side: tuple[int, int]) -> None:
    """Whole and broken tiles, narrow and wide images, more than one step."""
    rng = np.random.default_rng(side[0])
    first = random_depthwise(rng, (*side, 16), same=True, batches=2)
    case = SeparableCase(first, second_half(rng, first, block, 12))
    expected = case.expected()
    np.testing.assert_array_equal(case.run(host), expected)
    np.testing.assert_array_equal(case.run(target), expected)
