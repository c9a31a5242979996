"""Sparse FULLY_CONNECTED: reference, M7 on the host and M7 on the emulated core give TFLite's bytes."""

from __future__ import annotations

import numpy as np
import pytest
from conv_case import ConvCase
from hypothesis import given, settings
from hypothesis import strategies as st
from sparse_fc_kernels import (
    BLOCKS,
    INDEX_LIST,
    EmulatedSparseFc,
    HostSparseFc,
    random_fc,
    sparse_fc_cases,
)

ENCODINGS = st.sampled_from([BLOCKS, INDEX_LIST])


@pytest.fixture(scope="module")
def host_fc(tmp_path_factory: pytest.TempPathFactory) -> HostSparseFc:
    return HostSparseFc(tmp_path_factory.mktemp("sparse_fc_host"))


@pytest.fixture(scope="module")
def m7_fc(tmp_path_factory: pytest.TempPathFactory) -> EmulatedSparseFc:
    return EmulatedSparseFc(tmp_path_factory.mktemp("sparse_fc_m7"))


def expected(case: ConvCase) -> np.ndarray:
    return case.expected().reshape(case.input.shape[0], -1)


@settings(max_examples=150, deadline=None)
@given(case=sparse_fc_cases(), encoding=ENCODINGS)
def test_reference_and_m7_on_the_host_are_exact(host_fc: HostSparseFc, case: ConvCase, encoding: str) -> None:
    np.testing.assert_array_equal(host_fc.run(case, encoding, m7=False), expected(case))
    np.testing.assert_array_equal(host_fc.run(case, encoding), expected(case))


@settings(max_examples=150, deadline=None)
@given(case=sparse_fc_cases(), encoding=ENCODINGS, most_kind=st.integers(0, 2))
def test_m7_on_the_core_is_exact(m7_fc: EmulatedSparseFc, case: ConvCase, encoding: str, most_kind: int) -> None:
    np.testing.assert_array_equal(m7_fc.run(case, encoding, most_kind=most_kind), expected(case))


@pytest.mark.parametrize("encoding", [BLOCKS, INDEX_LIST])
@pytest.mark.parametrize(("depth", "units"), [(1674, 32), (32, 128), (128, 128), (128, 6), (64, 12)])
def test_layers_of_the_networks(m7_fc: EmulatedSparseFc, depth: int, units: int, encoding: str) -> None:
    case = random_fc(np.random.default_rng(depth + units), depth, units, 0.25)

    np.testing.assert_array_equal(m7_fc.run(case, encoding), expected(case))


@pytest.mark.parametrize("blocks", range(20))
@pytest.mark.parametrize("block_shape", [(1, 4), (2, 4), (4, 4), (1, 2), (2, 2), (4, 1)])
def test_every_length_of_a_stream(m7_fc: EmulatedSparseFc, blocks: int, block_shape: tuple[int, int]) -> None:
    # The assembly takes several blocks a turn and has a head and a tail.
    case = random_fc(np.random.default_rng(blocks), 80, block_shape[0], 0.0, block_shape)
    case.weights[:, 0, 0, : 4 * blocks] = np.random.default_rng(1).integers(1, 127, (block_shape[0], 4 * blocks))

    np.testing.assert_array_equal(m7_fc.run(case), expected(case))


@pytest.mark.parametrize("block_shape", [(1, 4), (2, 4), (4, 4)])
@pytest.mark.parametrize("units", range(1, 11))
def test_rows_with_and_without_blocks(m7_fc: EmulatedSparseFc, units: int, block_shape: tuple[int, int]) -> None:
    # The assembly goes on from row to row: empty ones first, last and between, and every number of units.
    rng = np.random.default_rng(units)
    case = random_fc(rng, 24, units, 0.0, block_shape, one_scale=True)
    for stored in range(1 << min(units, 5)):
        rows = [unit for unit in range(units) if stored >> unit // block_shape[0] & 1]
        case.weights[:] = 0
        case.weights[rows, 0, 0, : rng.integers(1, 25)] = rng.integers(1, 127)
        np.testing.assert_array_equal(m7_fc.run(case), expected(case))


@pytest.mark.parametrize("entries", range(14))
def test_every_length_of_an_index_list(m7_fc: EmulatedSparseFc, entries: int) -> None:
    # Rows begin and end at odd entries as well: the loop reads two at a time.
    rng = np.random.default_rng(entries)
    case = random_fc(rng, 600, 3, 0.0)
    for row, stored in enumerate((entries, entries + 1, entries)):
        columns = rng.choice(600, stored, replace=False)
        case.weights[row, 0, 0, columns] = rng.integers(1, 127, stored)

    np.testing.assert_array_equal(m7_fc.run(case, INDEX_LIST), expected(case))
