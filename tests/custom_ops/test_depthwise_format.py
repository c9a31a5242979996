"""KWSD buffers: writer and reader agree, what is malformed is refused by both, and the fuzz target finds nothing."""

from __future__ import annotations

import ctypes
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from depthwise_case import DepthwiseCase, random_depthwise, row_pruned_cases
from depthwise_kernels import SOURCES, build_host_library
from host_library import OPS, ROOT, WARNINGS, compile_cpp, compiler
from hypothesis import given, settings
from hypothesis import strategies as st

from kws_tflm.convert.packing_depthwise import depthwise_bytes, unpack_depthwise
from kws_tflm.errors import FormatError

FUZZ_INPUTS = 20_000
FORMATS = [source for source in SOURCES if "row_pruned" in source.name or source.name == "sparse_header.cc"]
LOOPS = sorted((OPS / "kernels").glob("depthwise_planes*.cc")) + sorted((OPS / "kernels").glob("depthwise_rows*.cc"))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    return build_host_library(tmp_path_factory.mktemp("format"))


def refused(library: ctypes.CDLL, packed: bytes) -> bool:
    words = np.frombuffer(packed + bytes(-len(packed) % 4 + 4), np.uint32).copy()
    return int(library.kws_row_pruned_validate(ctypes.c_void_p(words.ctypes.data), len(packed))) != 0


def refused_by_python(packed: bytes) -> bool:
    try:
        unpack_depthwise(packed)
    except FormatError:
        return True
    return False


@settings(max_examples=80, deadline=None)
@given(case=row_pruned_cases())
def test_round_trip(library: ctypes.CDLL, case: DepthwiseCase) -> None:
    packed = case.packed
    found = unpack_depthwise(packed)
    np.testing.assert_array_equal(found.weights, case.weights)
    np.testing.assert_array_equal(found.multipliers, case.multipliers)
    np.testing.assert_array_equal(found.shifts, case.shifts)
    assert (found.geometry.stride, found.geometry.dilation) == (case.stride, case.dilation)
    assert found.in_channels == case.input.shape[3]
    assert len(packed) == depthwise_bytes(case.weights)
    assert not refused(library, packed)


def sample() -> bytes:
    case = random_depthwise(np.random.default_rng(1), (5, 5, 5))
    return case.without_rows(np.random.default_rng(2).random((3, 5)) < 0.6).packed


MASKS = 64 + 4 * 5 + 8
MALFORMED = {
    "magic": (0, "<I", 0x5053574B), "version": (4, "<H", 2), "header": (6, "<H", 60), "length": (8, "<I", 4),
    "encoding": (12, "<B", 3), "padding": (13, "<B", 2), "order": (14, "<B", 1), "index": (15, "<B", 1),
    "kernel": (16, "<H", 0), "channels": (20, "<H", 2), "group": (24, "<B", 1), "clamp": (26, "<bb", (5, 4)),
    "stride": (28, "<H", 256), "dilation": (34, "<H", 0), "rows": (36, "<I", 1), "many rows": (36, "<I", 16),
    "reserved": (60, "<I", 1), "multiplier": (64, "<i", 5), "shift": (84, "<b", -32), "gap": (90, "<B", 1),
    "mask": (MASKS, "<B", 0x0F),
}  # fmt: skip


@pytest.mark.parametrize("field", MALFORMED)
def test_malformed_fields_are_refused(library: ctypes.CDLL, field: str) -> None:
    offset, kind, value = MALFORMED[field]
    packed = bytearray(sample())
    struct.pack_into(kind, packed, offset, *(value if isinstance(value, tuple) else (value,)))
    assert refused(library, bytes(packed))
    assert refused_by_python(bytes(packed))


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_reader_and_writer_refuse_the_same(library: ctypes.CDLL, data: st.DataObject) -> None:
    packed = bytearray(sample())
    for _ in range(data.draw(st.integers(1, 3))):
        packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    packed = packed[: data.draw(st.sampled_from([len(packed), len(packed), len(packed) - 1, 70, 10]))]
    assert refused(library, bytes(packed)) == refused_by_python(bytes(packed))


def test_fuzzing_finds_nothing(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    seeds = []
    for kernel, multiplier in (((3, 3), 1), ((1, 9), 1), ((2, 4), 2), ((9, 1), 1)):
        case = random_depthwise(rng, (12, 6, 5), kernel, multiplier, same=True)
        keep = rng.random((kernel[0], case.weights.shape[2])) < 0.7
        seeds.append(tmp_path / f"seed{len(seeds)}.bin")
        seeds[-1].write_bytes(case.without_rows(keep).packed)
    binary = tmp_path / "fuzz_row_pruned"
    sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1"]
    sources = [OPS / "tests" / "fuzz_row_pruned.cc", *FORMATS, *LOOPS]
    command = [compiler("g++", "g++"), "-std=c++17", *sanitizers, *WARNINGS, f"-I{ROOT}", *map(str, sources)]
    compile_cpp([*command, "-o", str(binary)])
    result = subprocess.run([binary, str(FUZZ_INPUTS), "1", *seeds], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "no finding" in result.stdout
