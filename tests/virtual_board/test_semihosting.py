"""Programs of others: newlib over semihosting runs to its exit, and what is missing is named."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest

from kws_tflm.errors import BoardError
from kws_tflm.virtual_board import Board

IMAGES = Path(__file__).with_name("images")
FLAGS = ["-O2", "-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard", "--specs=rdimon.specs"]


def newlib_program(folder: Path, *options: str) -> Path:
    target = folder / "program.elf"
    command = [
        "arm-none-eabi-gcc",
        *FLAGS,
        *options,
        str(IMAGES / "newlib.c"),
        "-T",
        str(IMAGES / "newlib.ld"),
        "-o",
        str(target),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


def run(elf: Path):
    board = Board(elf)
    said = bytearray()
    board.on_semihosting = said.extend
    result = board.run(max_seconds=10)
    return board, result, said.decode()


@pytest.mark.parametrize("code", [0, 3])
@pytest.mark.parametrize("vectors", [["-DVECTORS", "-Wl,-e,Reset"], []], ids=["vector table", "entry point only"])
def test_newlib_program_runs_to_its_exit(tmp_path, code, vectors):
    board, result, said = run(newlib_program(tmp_path, f"-DEXIT_CODE={code}", *vectors))
    assert (result.reason, result.exit_code) == ("exit", code)
    expected = ["arguments 1 program.elf", "float 0.1250", "to stderr", "file 0 errno 2", "input -1", "heap 1"]
    assert sorted(said.splitlines()) == sorted(expected)
    assert board.virtual_seconds > 0.03
    again = board.run(max_seconds=1)
    assert (again.reason, again.instructions) == ("exit", result.instructions)


def test_the_same_program_gives_the_same_counts(tmp_path):
    elf = newlib_program(tmp_path, "-DEXIT_CODE=0")
    assert run(elf)[1].instructions == run(elf)[1].instructions


def operate(build, operation: int, *defines: str):
    board = Board(build("semihosting", f"-DOPERATION={operation:#x}", *defines))
    said = bytearray()
    board.on_semihosting = said.extend
    result = board.run(max_seconds=0.01)
    words = struct.unpack("<6I", board.read_memory(0x20000000, 24))
    return result, words[0], words[2:], bytes(said)


@pytest.mark.parametrize(
    ("operation", "defines", "result"),
    [
        pytest.param(0x02, ["-DBLOCK=1"], 0, id="close"),
        pytest.param(0x02, ["-DBLOCK=9"], 0xFFFFFFFF, id="close of what is not open"),
        pytest.param(0x05, ["-DBLOCK=9,0x20001000,4"], 4, id="write to what is not open"),
        pytest.param(0x06, ["-DBLOCK=1,0x20003000,12"], 12, id="read: end of file"),
        pytest.param(0x07, [], 0xFFFFFFFF, id="read a character: none"),
        pytest.param(0x08, ["-DBLOCK=0xFFFFFFFF"], 1, id="is an error"),
        pytest.param(0x08, ["-DBLOCK=5"], 0, id="is no error"),
        pytest.param(0x09, ["-DBLOCK=1"], 1, id="is a terminal"),
        pytest.param(0x0A, ["-DBLOCK=1,0"], 0xFFFFFFFF, id="seek in the console"),
        pytest.param(0x0C, ["-DBLOCK=1"], 0, id="length of the console"),
        pytest.param(0x11, [], 0, id="time since power-on"),
        pytest.param(0x15, ["-DBLOCK=0x20003000,4"], 0xFFFFFFFF, id="command line that does not fit"),
        pytest.param(0x31, [], 16_000_000, id="frequency of the ticks"),
    ],
)
def test_results(build, operation, defines, result):
    assert operate(build, operation, *defines)[1] == result


def test_elapsed_is_the_cycle_counter(build):
    result, status, block, _ = operate(build, 0x30)
    assert status == 0
    assert 0 < block[0] < result.instructions
    assert block[1] == 0


def test_heap_information_has_the_stack(build):
    board = Board(build("semihosting", "-DOPERATION=0x16", "-DBLOCK=0x20003000"))
    board.run(max_seconds=0.01)
    assert struct.unpack("<4I", board.read_memory(0x20003000, 16)) == (0, 0, 0x20020000, 0)


def test_old_exit_tells_success_from_failure(build):
    assert operate(build, 0x18, "-DPARAMETER=0x20026")[0].exit_code == 0
    assert operate(build, 0x18, "-DPARAMETER=0x20023")[0].exit_code == 1


@pytest.mark.parametrize(("operation", "name"), [(0x0E, "SYS_REMOVE"), (0x12, "SYS_SYSTEM"), (0x99, "no operation")])
def test_unknown_operation_is_named(build, operation, name):
    with pytest.raises(BoardError, match=rf"0x{operation:02x} \({name}.*not supported"):
        operate(build, operation)


def test_parameters_outside_memory(build):
    with pytest.raises(BoardError, match="0xc0000000, which is not memory"):
        operate(build, 0x04, "-DPARAMETER=0xC0000000")
