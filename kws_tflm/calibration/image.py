"""Builds the bare images that are measured: our start-up code and linker script around a few sources."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Sequence
from pathlib import Path

from kws_tflm.errors import FirmwareError
from kws_tflm.firmware.toolchain import COMPILER_LINE, find_tool

DEVICE = Path(__file__).with_name("device")
COMPILER = "arm-none-eabi-gcc"
CPU_FLAGS = ("-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard")
DONE = "calibration_done"
"""Symbol that is reached when everything has run."""


def compiler_version() -> str:
    """First line of `--version`."""
    done = subprocess.run([_compiler(), "--version"], capture_output=True, text=True, check=False)
    return done.stdout.splitlines()[0] if done.stdout else COMPILER


def compile_objects(
    sources: Sequence[Path], folder: Path, flags: Sequence[str], includes: Sequence[Path] = ()
) -> list[Path]:
    """Compile each of `sources` into `folder`; an object is made again when its source or its flags change.

    Raises:
        ToolMissingError: the cross compiler is absent.
        FirmwareError: the first diagnostic.
    """
    folder.mkdir(parents=True, exist_ok=True)
    objects = []
    for source in sources:
        options = [*CPU_FLAGS, *flags, *(f"-I{path}" for path in includes)]
        key = hashlib.sha256(source.read_bytes() + "\0".join(options).encode()).hexdigest()[:12]
        target = folder / f"{source.stem}-{key}.o"
        if not target.exists():
            _run([_compiler(), *options, "-c", str(source), "-o", str(target)], source)
        objects.append(target)
    return objects


def link(objects: Sequence[Path], target: Path) -> Path:
    """Link `objects` with the start-up code.

    Raises:
        ToolMissingError: the cross compiler is absent.
        FirmwareError: the first diagnostic.
    """
    start = compile_objects([DEVICE / "start.c"], target.parent, ["-Os", "-ffreestanding", "-Wall", "-Werror"])
    script = DEVICE / "image.ld"
    options = ["-nostartfiles", "-specs=nano.specs", "-Wl,--gc-sections", "-Wl,--no-warn-rwx-segments", f"-T{script}"]
    files = [str(path) for path in [*start, *objects]]
    _run([_compiler(), *CPU_FLAGS, *options, *files, "-lm", "-o", str(target)], target)
    return target


def _compiler() -> str:
    return find_tool(COMPILER, COMPILER_LINE)


def _run(command: list[str], what: Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if "rror" in line or "undefined" in line]
        raise FirmwareError(f"{what.name}: {lines[0] if lines else 'the cross compiler failed'}")
