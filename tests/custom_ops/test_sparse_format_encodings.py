"""Index list and N:M: what is packed comes back, and both readers refuse every malformed buffer alike."""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np
import pytest
from host_library import HostKernels
from hypothesis import given, settings
from hypothesis import strategies as st
from nonzero_case import NONZERO_SOURCES, n_of_m_weights, sparse_weights

from kws_tflm.convert.packing import (
    ENCODING_BLOCK,
    ENCODING_INDEX_LIST,
    ENCODING_N_OF_M,
    HEADER_BYTES,
    ConvGeometry,
    can_pack_n_of_m,
    index_list_bytes,
    index_list_entries,
    n_of_m_bytes,
    pack_blocks,
    pack_index_list,
    pack_n_of_m,
    unpack,
)
from kws_tflm.errors import FormatError

Validate = Callable[[bytes], str]
OUT = 5
GEOMETRY = ConvGeometry((2, 1), (1, 3), True, -100, 90)


@pytest.fixture(scope="module")
def validate(tmp_path_factory: pytest.TempPathFactory) -> Validate:
    """The C++ readers: "" when valid, else the reason."""
    host = HostKernels(tmp_path_factory.mktemp("readers"), NONZERO_SOURCES)

    def judge(packed: bytes) -> str:
        error = host.validate(packed)
        return host.error_text(error) if error else ""

    return judge


def scales(rng: np.random.Generator, out_channels: int) -> tuple[np.ndarray, np.ndarray]:
    multipliers = rng.integers(1 << 30, (1 << 31) - 1, out_channels).astype(np.int32)
    return multipliers, rng.integers(-31, 31, out_channels).astype(np.int8)


@st.composite
def packed_layers(draw: st.DrawFn) -> tuple[np.ndarray, bytes]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = tuple(draw(st.integers(1, top)) for top in (6, 3, 3, draw(st.sampled_from([9, 9, 200]))))
    encoding, flat = draw(st.sampled_from([1, 2, 3])), draw(st.booleans())
    weights = sparse_weights(rng, shape, draw(st.sampled_from([0.0, 0.003, 0.1, 0.5, 1.0])))
    if encoding == ENCODING_BLOCK:
        return weights, pack_blocks(weights, *scales(rng, shape[0]), GEOMETRY, (1, 4), flat)
    if encoding == ENCODING_INDEX_LIST:
        return weights, pack_index_list(weights, *scales(rng, shape[0]), GEOMETRY)
    n = draw(st.sampled_from([1, 2]))
    weights = n_of_m_weights(rng, shape, n, flat)
    return weights, pack_n_of_m(weights, *scales(rng, shape[0]), GEOMETRY, n, flat)


@settings(max_examples=200, deadline=None)
@given(layer=packed_layers())
def test_round_trip_and_the_c_reader_accepts(validate: Validate, layer: tuple[np.ndarray, bytes]) -> None:
    weights, packed = layer
    content = unpack(packed)
    np.testing.assert_array_equal(content.weights, weights)
    assert content.geometry == GEOMETRY
    assert validate(packed) == ""


@settings(max_examples=400, deadline=None)
@given(layer=packed_layers(), data=st.data())
def test_python_and_c_judge_damaged_buffers_alike(
    validate: Validate, layer: tuple[np.ndarray, bytes], data: st.DataObject
) -> None:
    buffer = bytearray(layer[1])
    for _ in range(data.draw(st.integers(1, 3))):
        end = len(buffer) - 1 if data.draw(st.booleans()) else HEADER_BYTES
        value = data.draw(st.one_of(st.integers(0, 3), st.integers(0, 255)))
        buffer[data.draw(st.integers(0, end))] = value
    try:
        unpack(bytes(buffer))
        accepted = True
    except FormatError:
        accepted = False
    assert (validate(bytes(buffer)) == "") == accepted


@pytest.mark.parametrize("encoding", [ENCODING_INDEX_LIST, ENCODING_N_OF_M])
def test_every_truncation_and_extension_is_refused(validate: Validate, encoding: int) -> None:
    packed = index_list() if encoding == ENCODING_INDEX_LIST else n_of_m()
    assert packed[12] == encoding
    for size in [*range(len(packed)), len(packed) + 4]:
        buffer = (packed + bytes(4))[:size]
        assert validate(buffer)
        with pytest.raises(FormatError):
            unpack(buffer)


def index_list() -> bytes:
    rng = np.random.default_rng(3)
    weights = sparse_weights(rng, (OUT, 2, 1, 7), 0.6)
    weights[0, 0, 0, :3] = 1, 2, 3
    return pack_index_list(weights, *scales(rng, OUT), GEOMETRY)


def n_of_m(n: int = 2) -> bytes:
    rng = np.random.default_rng(4)
    weights = n_of_m_weights(rng, (OUT, 1, 3, 6), n, False)
    weights[0, 0, 0, 4:] = 5, 6  # a group of two columns and two padded ones
    if n == 1:
        weights[0, 0, 0, 4] = 0
    return pack_n_of_m(weights, *scales(rng, OUT), GEOMETRY, n)


def put(fmt: str, offset: int, value: int) -> Callable[[bytearray], None]:
    return lambda buffer: struct.pack_into(f"<{fmt}", buffer, offset, value)


OFFSETS = HEADER_BYTES + 4 * OUT
ENTRIES = OFFSETS + 4 * (OUT + 1) + 8


def entries_end(buffer: bytearray) -> int:
    return ENTRIES + 2 * int.from_bytes(buffer[36:40], "little")


INDEX_LIST_DAMAGE: dict[str, tuple[Callable[[bytearray], None], str]] = {
    "another encoding": (put("B", 12, 1), ""),
    "unknown encoding": (put("B", 12, 4), "encoding"),
    "index width": (put("B", 15, 2), "index width"),
    "column order": (put("B", 14, 0), "column order"),
    "block": (put("B", 25, 4), "block"),
    "count": (put("I", 36, 5), ""),
    "count overflows": (put("I", 36, 0xFFFFFFFF), ""),
    "kernel overflows": (put("I", 16, 0xFFFFFFFF), "larger"),
    "multiplier": (put("i", HEADER_BYTES, 5), "multiplier"),
    "first offset": (put("I", OFFSETS, 1), "offsets"),
    "offset out of range": (put("I", OFFSETS + 4, 1 << 31), "offsets"),
    "offset falls": (put("I", OFFSETS + 8, 0), "offsets"),
    "last offset": (put("I", OFFSETS + 4 * OUT, 0), "offsets"),
    "shift": (put("b", OFFSETS + 4 * (OUT + 1), 31), "shift"),
    "gap behind the shifts": (put("B", OFFSETS + 4 * (OUT + 1) + OUT, 1), "not zero"),
    "column repeated": (put("B", ENTRIES + 2, 0), "index"),
    "column out of range": (put("B", ENTRIES, 255), "index"),
    "sum out of range": (put("B", ENTRIES + 2, 13), "index"),
    "entry behind the last": (lambda b: put("B", entries_end(b) + 1, 1)(b), "not zero"),
}


@pytest.mark.parametrize("name", INDEX_LIST_DAMAGE)
def test_each_damage_to_an_index_list_is_refused(validate: Validate, name: str) -> None:
    refuse(validate, index_list(), *INDEX_LIST_DAMAGE[name])


QUADS = HEADER_BYTES + 4 * OUT + 8
ROW_QUADS, QUAD_BYTES = 3, 5  # 6 groups of 2
N_OF_M_DAMAGE: dict[str, tuple[Callable[[bytearray], None], str]] = {
    "another encoding": (put("B", 12, 2), ""),
    "index width": (put("B", 15, 2), "index width"),
    "column order": (put("B", 14, 2), "column order"),
    "n": (put("B", 24, 3), ""),
    "other n": (put("B", 24, 1), ""),
    "m": (put("B", 25, 8), ""),
    "count": (put("I", 36, 7), ""),
    "positions alike": (put("B", QUADS, 0b01_00_01_01), "index"),
    "positions fall": (put("B", QUADS, 0b01_00_00_01), "index"),
    "weight in a padded column": (put("B", QUADS, 0b10_00_01_00), "not zero"),
    "quad behind the last": (put("B", QUADS + ROW_QUADS * QUAD_BYTES * OUT, 1), "not zero"),
    "end of the quad behind the last": (put("B", QUADS + ROW_QUADS * QUAD_BYTES * OUT + 4, 1), "not zero"),
}


@pytest.mark.parametrize("name", N_OF_M_DAMAGE)
def test_each_damage_to_n_of_m_is_refused(validate: Validate, name: str) -> None:
    refuse(validate, n_of_m(), *N_OF_M_DAMAGE[name])


def test_n_of_m_row_tail_must_be_zero(validate: Validate) -> None:
    packed = n_of_m(1)  # 6 groups in 2 quads
    second = QUADS + QUAD_BYTES
    refuse(validate, packed, put("B", second + 4, 1), "not zero")
    refuse(validate, packed, lambda b: put("B", second, b[second] | 0x80)(b), "not zero")


def refuse(validate: Validate, packed: bytes, change: Callable[[bytearray], None], reason: str) -> None:
    buffer = bytearray(packed)
    assert validate(packed) == ""
    change(buffer)
    assert bytes(buffer) != packed
    found = validate(bytes(buffer))
    assert found
    assert reason in found
    with pytest.raises(FormatError):
        unpack(bytes(buffer))


def test_sizes_are_known_beforehand() -> None:
    rng = np.random.default_rng(6)
    weights = n_of_m_weights(rng, (3, 2, 3, 130), 1, False)
    weights[1:] = 0
    weights[1, 1, 2, 129] = 1  # 780 columns: three bridges
    few = scales(rng, 3)
    assert list(index_list_entries(weights)[1:]) == [4, 0]
    assert index_list_bytes(weights) == len(pack_index_list(weights, *few, GEOMETRY))
    for n in (1, 2):
        assert n_of_m_bytes(weights, n) == len(pack_n_of_m(weights, *few, GEOMETRY, n))


def test_columns_of_the_largest_layer() -> None:
    weights = np.zeros((2, 1, 1, 65535), np.int8)
    weights[0, 0, 0, [0, 255, 510, 766, 65534]] = 1, 2, 3, 4, 5
    packed = pack_index_list(weights, *scales(np.random.default_rng(7), 2), GEOMETRY)
    np.testing.assert_array_equal(unpack(packed).weights, weights)


def test_too_many_weights_in_a_group_are_refused() -> None:
    weights = np.ones((1, 1, 1, 4), np.int8)
    assert not can_pack_n_of_m(weights, 2)
    with pytest.raises(FormatError, match="2:4"):
        pack_n_of_m(weights, *scales(np.random.default_rng(8), 1), GEOMETRY, 2)


def test_stored_values_of_each_encoding() -> None:
    weights = np.zeros((2, 1, 1, 8), np.int8)
    weights[1, 0, 0, 5] = -3
    few = scales(np.random.default_rng(9), 2)
    stored = {}
    for packed in (
        pack_blocks(weights, *few, GEOMETRY),
        pack_index_list(weights, *few, GEOMETRY),
        pack_n_of_m(weights, *few, GEOMETRY, 2),
    ):
        content = unpack(packed)
        stored[content.encoding] = content.n_blocks * int(np.prod(content.block_shape))
    assert stored == {"blocks": 4, "index_list": 1, "n_of_m": 8}
