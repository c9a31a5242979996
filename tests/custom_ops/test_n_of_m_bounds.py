"""The M7 assembly of index list and N:M reads nothing beyond its buffers, and judges the edge of its fields right."""

from __future__ import annotations

import numpy as np
import pytest
from conv_case import ConvCase, random_case
from host_library import HostKernels
from m7_target import M7Kernels
from nonzero_case import NONZERO_SOURCES, NOfMCase, index_list_case, n_of_m_case

from kws_tflm.convert.packing import ConvGeometry

WEIGHTS, SCRATCH, SIZE = 0x30000000, 0x40000000, 0x10000


class EdgeKernels(M7Kernels):
    """Packed weights and scratch each end where the memory ends."""

    def conv_at_the_edge(self, case: ConvCase) -> np.ndarray:
        self._order = iter(("packed", "input", "bias", "output", "scratch", "call"))
        columns = int(np.prod(case.weights.shape[1:]))
        self._scratch_bytes = 16 * columns + 4
        if isinstance(case, NOfMCase):
            pitch = columns if case.flat else int(np.prod(case.weights.shape[1:3])) * -(-case.weights.shape[3] // 4) * 4
            self._scratch_bytes = -(-pitch * case.n // 16) * 4 // case.n * 64 + 60
        return self.conv(case, m7=True)

    def _place(self, data: bytes) -> int:
        name = next(self._order)
        if name not in ("packed", "scratch"):
            return super()._place(data)
        start, length = (WEIGHTS, len(data)) if name == "packed" else (SCRATCH, self._scratch_bytes)
        address = start + SIZE - length
        self._uc.mem_write(address, data[:length])
        return address


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> EdgeKernels:
    kernels = EdgeKernels(tmp_path_factory.mktemp("nonzero_edges"), NONZERO_SOURCES)
    for start in (WEIGHTS, SCRATCH):
        kernels._uc.mem_map(start, SIZE)
    return kernels


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> HostKernels:
    return HostKernels(tmp_path_factory.mktemp("nonzero_fields"), NONZERO_SOURCES)


@pytest.mark.parametrize("channels", [1, 3, 16, 40])
@pytest.mark.parametrize("density", [0.02, 0.4, 1.0])
@pytest.mark.parametrize("kind", ["index_list", "1:4", "2:4"])
def test_nothing_is_read_beyond_the_buffers(target: EdgeKernels, channels: int, density: float, kind: str) -> None:
    rng = np.random.default_rng(channels)
    case = random_case(rng, in_shape=(4, 3, channels), out_channels=7, density=density, block_shape=(1, 1))
    case.weights[2] = 0
    case.weights[6] = 0
    case = index_list_case(case) if kind == "index_list" else n_of_m_case(case, int(kind[0]), 1)
    np.testing.assert_array_equal(target.conv_at_the_edge(case), case.expected())


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("last", [0, 1, 2])
def test_sums_at_the_edge_of_a_field(host: HostKernels, target: EdgeKernels, sign: int, last: int) -> None:
    """255 * (129 * 127 + 64 + last) is below 2^22 = 4,194,304 with last = 0 and 1 and beyond with 2 (16,449)."""
    case = random_case(np.random.default_rng(1), in_shape=(3, 3, 130), out_channels=3, geometry=ConvGeometry())
    case = index_list_case(case)
    case.weights[...] = 0
    case.weights[1, 0, 0, :129] = 127 * sign
    case.weights[1, 0, 0, 129] = (64 + last) * sign
    case.weights[2] = case.weights[1]
    case = type(case)(**{**vars(case), "input_zero_point": -128, "shifts": np.full(3, -12, np.int8)})
    case.input[...] = 127
    case.input[0, 1, 1] = -128
    expected = case.expected()
    np.testing.assert_array_equal(host.conv(case, m7=True), expected)
    np.testing.assert_array_equal(target.conv_at_the_edge(case), expected)
