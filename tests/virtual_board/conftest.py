"""Builds the tiny images of this folder with the cross compiler, once a session each."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kws_tflm.virtual_board import Board

IMAGES = Path(__file__).with_name("images")
COMPILER = "arm-none-eabi-gcc"
FLAGS = [
    "-O2", "-std=c11", "-Wall", "-Wextra", "-Werror", "-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-sp-d16",
    "-mfloat-abi=hard", "-ffreestanding", "-nostdlib", "-Wl,--section-start=.vectors=0x08000000",
    "-Wl,-Ttext=0x08000400", "-Wl,-Tbss=0x20001000", "-Wl,-e,Reset_Handler", "-Wl,--build-id=none",
]  # fmt: skip

Build = Callable[..., Path]


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """`build("name", "-DX=1")` gives the ELF of images/name.c."""
    if shutil.which(COMPILER) is None:
        pytest.fail(f"{COMPILER} is missing; run `make setup`")
    folder = tmp_path_factory.mktemp("images")
    made: dict[tuple[str, ...], Path] = {}

    def make(name: str, *options: str) -> Path:
        key = (name, *options)
        if key not in made:
            target = folder / f"{name}-{len(made)}.elf"
            command = [
                COMPILER,
                *FLAGS,
                *options,
                str(IMAGES / "start.c"),
                str(IMAGES / f"{name}.c"),
                "-o",
                str(target),
            ]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            made[key] = target
        return made[key]

    return make


def results(board: Board, count: int) -> list[int]:
    """The first words of RESULT (see start.h)."""
    return list(struct.unpack(f"<{count}I", board.read_memory(0x20000000, 4 * count)))


def finished(board: Board) -> bool:
    """`main` of the image has returned."""
    return results(board, 16)[15] == 0x600D


def run_image(elf: Path, max_seconds: float = 1.0) -> Board:
    """A board that has run `elf` to the end of its `main`."""
    board = Board(elf)
    result = board.run(stop=lambda: finished(board), max_seconds=max_seconds)
    assert result.reason == "stop", result
    return board
