"""Writing an image to a board: one function a flasher, each giving a command line."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kws_tflm.errors import FirmwareError, ToolMissingError
from kws_tflm.firmware.boards import BoardInfo, read_board

FLASH_ORIGIN = 0x08000000


@dataclass(frozen=True)
class Flasher:
    """A program that writes flash through the board's ST-LINK."""

    program: str
    install_line: str
    command: Callable[[BoardInfo, Path], list[str]]
    """(board, ELF) -> command line, program first. The .bin and .hex lie beside the ELF."""


def _stflash(board: BoardInfo, elf: Path) -> list[str]:
    return ["st-flash", "--reset", "--connect-under-reset", "write", str(elf.with_suffix(".bin")), hex(FLASH_ORIGIN)]


def _openocd(board: BoardInfo, elf: Path) -> list[str]:
    # Tcl: braces keep spaces and backslashes of the path.
    return ["openocd", "-f", board.openocd_config, "-c", f"program {{{elf}}} verify reset exit"]


def _pyocd(board: BoardInfo, elf: Path) -> list[str]:
    return ["pyocd", "flash", "--target", board.pyocd_target, str(elf.with_suffix(".hex"))]


FLASHERS = {
    "stflash": Flasher("st-flash", "sudo apt-get install stlink-tools", _stflash),
    "openocd": Flasher("openocd", "sudo apt-get install openocd", _openocd),
    "pyocd": Flasher("pyocd", "pip install pyocd", _pyocd),
}


def detect() -> str | None:
    """The first installed flasher; None: there is none."""
    return next((name for name, flasher in FLASHERS.items() if _find(flasher.program)), None)


def flash_command(elf: Path, board: str, tool: str | None = None, dry_run: bool = False) -> list[str]:
    """The command line that writes `elf`; `tool` is a key of FLASHERS or None (the first installed).

    `dry_run`: it is only to be looked at; where no flasher is installed it is st-flash's.

    Raises:
        FirmwareError: no such flasher or board.
        ToolMissingError: `tool` is None and no flasher is installed.
    """
    name = tool or detect() or (next(iter(FLASHERS)) if dry_run else None)
    if name is None:
        lines = " or ".join(flasher.install_line for flasher in FLASHERS.values())
        raise ToolMissingError(f"no flasher is installed; install one: {lines}")
    if name not in FLASHERS:
        raise FirmwareError(f"no flasher '{name}'; choose one of {', '.join(FLASHERS)}")
    return FLASHERS[name].command(read_board(board), elf)


def flash(elf: Path, board: str, tool: str | None = None, dry_run: bool = False) -> str:
    """Write `elf` to the connected board. Returns the command line as one would type it.

    With `dry_run` the command is only returned; it needs no installed flasher.

    Raises:
        FirmwareError: the image is missing or the flasher failed (its last line is quoted).
        ToolMissingError: the flasher is not installed; has the line that installs it.
    """
    command = flash_command(elf, board, tool, dry_run)
    shown = shlex.join(command)
    if dry_run:
        return shown
    program = _find(command[0])
    if program is None:
        flasher = next(f for f in FLASHERS.values() if f.program == command[0])
        raise ToolMissingError(f"{command[0]} is not installed; install it: {flasher.install_line}")
    if not elf.is_file():
        raise FirmwareError(f"{elf}: no such image; build the firmware first")
    result = _call([program, *command[1:]])
    if result.returncode != 0:
        lines = [line.strip() for line in (result.stdout + result.stderr).splitlines() if line.strip()]
        reason = lines[-1] if lines else f"code {result.returncode}"
        raise FirmwareError(f"{command[0]} failed: {reason}; check the USB cable and that no debugger holds the board")
    return shown


def _find(program: str) -> str | None:
    return shutil.which(program) or shutil.which(program, path=str(Path(sys.executable).parent))


def _call(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
