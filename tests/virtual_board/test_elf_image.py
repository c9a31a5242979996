"""Files that are not usable firmware get one line."""

import subprocess

import pytest

from kws_tflm.errors import BoardError, ToolMissingError
from kws_tflm.virtual_board import Board, block_counter
from kws_tflm.virtual_board.elf_image import readable


def error_of(path):
    with pytest.raises(BoardError) as caught:
        Board(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_missing_file(tmp_path):
    assert "no such firmware file" in error_of(tmp_path / "absent.elf")


@pytest.mark.parametrize("content", [b"", b"RIFF0000WAVE", b"\x7fELF", b"\x7fELF\x01\x01\x01" + bytes(60)])
def test_not_an_elf(tmp_path, content):
    path = tmp_path / "bad.elf"
    path.write_bytes(content)
    error_of(path)


def test_truncated(tmp_path, build):
    data = build("systick").read_bytes()
    for length in (40, 60, 200, 4096 + 100, len(data) - 100):
        path = tmp_path / "short.elf"
        path.write_bytes(data[:length])
        error_of(path)


def test_made_for_the_host(tmp_path):
    path = tmp_path / "host.o"
    subprocess.run(["g++", "-x", "c++", "-c", "/dev/null", "-o", path], check=True)
    assert "not for a 32-bit little-endian Arm" in error_of(path)


def test_object_file(tmp_path):
    path = tmp_path / "part.o"
    subprocess.run(["arm-none-eabi-gcc", "-x", "c", "-c", "/dev/null", "-o", path], check=True)
    assert "nothing to load" in error_of(path)


def test_no_vector_table_and_no_entry_point(build):
    elsewhere = "-Wl,--section-start=.vectors=0x08100000"
    assert "no vector table" in error_of(build("systick", elsewhere, "-Wl,-e,0x30000001"))
    assert "no Thumb entry point" in error_of(build("systick", elsewhere, "-Wl,-e,0x08100000"))


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(["-Wl,--section-start=.vectors=0x08100000"], id="vector table elsewhere in flash"),
        pytest.param(["-Wl,--section-start=.vectors=0x08100040"], id="no vector table, entry point"),
        pytest.param(["-Wl,--section-start=.vectors=0x20010000", "-Wl,-Ttext=0x20011000"], id="DTCM"),
        pytest.param(["-Wl,--section-start=.vectors=0x00000000", "-Wl,-Ttext=0x00000400"], id="ITCM"),
        pytest.param(["-Wl,--section-start=.vectors=0x00200000", "-Wl,-Ttext=0x00200400"], id="flash over ITCM"),
        pytest.param(["-Wl,--section-start=.vectors=0x20040000", "-Wl,-Ttext=0x20040400"], id="SRAM"),
    ],
)
def test_images_of_other_layouts_run(build, options):
    board = Board(build("greeting", *options))
    said = bytearray()
    board.on_semihosting = said.extend
    result = board.run(max_seconds=1)
    assert (result.reason, result.exit_code, bytes(said)) == ("exit", 7, b"hello")


def test_a_segment_may_cross_from_dtcm_into_sram(build):
    image = Board(build("greeting", "-DPADDING=140000", "-Wl,-Tdata=0x20002000")).image
    assert [address for address, data in image.segments if address >= 0x20000000] == [0x20002000, 0x20020000]


def test_outside_the_memories(build):
    assert "outside the memories" in error_of(build("systick", "-Wl,--section-start=.vectors=0x90000000"))


def test_tap_needs_its_symbol(build):
    board = Board(build("systick"))
    with pytest.raises(BoardError, match="no symbol 'kws_tap'"):
        board.add_tap(lambda *arguments: None)


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("kws_tap", "kws_tap"),
        ("_ZN3kws7Spotter7PushHopEPKs", "kws::Spotter::PushHop"),
        ("_ZNK3kws6Tensor4SizeEv", "kws::Tensor::Size"),
        ("_Z4initi", "init"),
        ("_ZN3kws12_GLOBAL__N_14InitEv", "kws::(anonymous)::Init"),
        ("_ZN3kwsC", "_ZN3kwsC"),
        ("_ZN6tflite3MapIiE", "_ZN6tflite3MapIiE"),
        ("_ZTV3Foo", "_ZTV3Foo"),
    ],
)
def test_names_are_those_of_the_source(symbol, name):
    assert readable(symbol) == name


def test_unknown_console(build):
    with pytest.raises(BoardError, match="no USART9"):
        Board(build("systick"), console="USART9")


def test_hook_that_is_not_built(build, monkeypatch, tmp_path):
    monkeypatch.setattr(block_counter, "_LIBRARY", tmp_path / "absent.so")
    with pytest.raises(ToolMissingError, match="make setup"):
        Board(build("systick"))
