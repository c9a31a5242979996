"""The reader refuses every malformed buffer, and so does its Python twin."""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np
import pytest
from conv_case import ConvCase, conv_cases, random_case
from host_library import HostKernels
from hypothesis import given, settings
from hypothesis import strategies as st

from kws_tflm.convert.packing import HEADER_BYTES, pack, unpack
from kws_tflm.errors import FormatError

OUT, ROWS = 8, 8
MULTIPLIERS = HEADER_BYTES
OFFSETS = MULTIPLIERS + 4 * OUT
SHIFTS = OFFSETS + 4 * (ROWS + 1)
INDICES = SHIFTS + OUT


def valid_case() -> ConvCase:
    return random_case(np.random.default_rng(1), in_shape=(3, 3, 10), out_channels=OUT, density=0.6)


def put(fmt: str, offset: int, value: int) -> Callable[[bytearray], None]:
    return lambda buffer: struct.pack_into(f"<{fmt}", buffer, offset, value)


def last_value(buffer: bytearray) -> None:
    """A weight in the padding of the input channels: channels are 10, the last block holds 8, 9 and two zeros."""
    content = unpack(bytes(buffer))
    index = np.frombuffer(bytes(buffer[INDICES : INDICES + content.n_blocks]), np.uint8)
    values = INDICES + (content.n_blocks + 3) // 4 * 4
    block = int(np.flatnonzero(index == 2)[0])
    buffer[values + 4 * block + 3] = 1


CORRUPTIONS: dict[str, tuple[Callable[[bytearray], None], str]] = {
    "magic": (put("B", 0, 0), "magic"),
    "version": (put("H", 4, 2), "version"),
    "header size": (put("H", 6, 60), "header size"),
    "length field": (put("I", 8, 1 << 31), "length"),
    "encoding": (put("B", 12, 9), "encoding"),
    "padding kind": (put("B", 13, 2), "out of range"),
    "column order": (put("B", 14, 2), "out of range"),
    "index width": (put("B", 15, 4), "out of range"),
    "no kernel": (put("H", 16, 0), ""),
    "kernel grows": (put("H", 16, 65535), ""),
    "kernel overflows": (put("I", 16, 0xFFFFFFFF), "larger"),
    "no input channels": (put("H", 20, 0), ""),
    "more output channels": (put("H", 22, 65535), ""),
    "block of nothing": (put("B", 24, 0), ""),
    "block too large": (put("B", 25, 200), ""),
    "activation range": (put("H", 26, 0x050A), "activation"),
    "no stride": (put("H", 28, 0), ""),
    "huge dilation": (put("H", 34, 60000), ""),
    "block count": (put("I", 36, 1), ""),
    "block count overflows": (put("I", 36, 0xFFFFFFFF), ""),
    "reserved": (put("I", 60, 1), "reserved"),
    "multiplier negative": (put("i", MULTIPLIERS, -5), "multiplier"),
    "multiplier small": (put("i", MULTIPLIERS + 4, 77), "multiplier"),
    "first offset": (put("I", OFFSETS, 1), "offsets"),
    "offset out of range": (put("I", OFFSETS + 4, 1 << 30), "offsets"),
    "offsets not monotone": (put("I", OFFSETS + 8, 0), "offsets"),
    "last offset": (put("I", OFFSETS + 4 * ROWS, 0), "offsets"),
    "shift too far left": (put("b", SHIFTS, 31), "shift"),
    "shift too far right": (put("b", SHIFTS + 1, -32), "shift"),
    "index out of range": (put("B", INDICES, 250), "index"),
    "index repeated": (lambda b: put("B", INDICES + 1, b[INDICES])(b), "index"),
    "padded weight": (last_value, "not zero"),
}


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_each_corruption_is_refused_with_its_reason(host: HostKernels, name: str) -> None:
    change, reason = CORRUPTIONS[name]
    case = valid_case()
    case.weights[0] = np.where(case.weights[0] == 0, 3, case.weights[0])  # the first row has all its blocks
    buffer = bytearray(case.packed)
    assert host.validate(bytes(buffer)) == 0
    change(buffer)
    error = host.validate(bytes(buffer))
    assert error != 0
    assert reason in host.error_text(error)
    with pytest.raises(FormatError):
        unpack(bytes(buffer))


def test_every_truncation_and_extension_is_refused(host: HostKernels) -> None:
    packed = valid_case().packed
    for size in [*range(len(packed)), len(packed) + 4]:
        buffer = (packed + bytes(4))[:size]
        assert host.validate(buffer) != 0
        with pytest.raises(FormatError):
            unpack(buffer)


@settings(max_examples=200, deadline=None)
@given(case=conv_cases(max_side=2), data=st.data())
def test_reader_and_python_twin_judge_alike(host: HostKernels, case: ConvCase, data: st.DataObject) -> None:
    buffer = bytearray(case.packed)
    for _ in range(data.draw(st.integers(0, 3))):
        buffer[data.draw(st.integers(0, len(buffer) - 1))] = data.draw(st.integers(0, 255))
    try:
        unpack(bytes(buffer))
        accepted = True
    except FormatError:
        accepted = False
    assert (host.validate(bytes(buffer)) == 0) == accepted


@settings(max_examples=100, deadline=None)
@given(case=conv_cases(max_side=2))
def test_packing_round_trip(case: ConvCase) -> None:
    content = unpack(case.packed)
    np.testing.assert_array_equal(content.weights, case.weights)
    np.testing.assert_array_equal(content.multipliers, case.multipliers)
    np.testing.assert_array_equal(content.shifts, case.shifts)
    assert content.geometry == case.geometry
    assert case.packed == case.packed


def test_only_occupied_blocks_are_stored() -> None:
    weights = np.zeros((2, 1, 1, 8), np.int8)
    weights[1, 0, 0, 5] = -3
    content = unpack(pack(weights, np.full(2, 1 << 30), np.zeros(2), valid_case().geometry))
    assert content.n_blocks == 1


def test_every_error_has_its_text(host: HostKernels) -> None:
    texts = [host.error_text(error) for error in range(18)]
    assert len(set(texts)) == 18
    assert all("\n" not in text and text != "unknown error" for text in texts)
