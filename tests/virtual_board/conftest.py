"""Builds the tiny images of this folder with the cross compiler, once a session each."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

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
