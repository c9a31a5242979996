"""Command lines of the flashers, and what is said when one is missing or fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from kws_tflm.errors import FirmwareError, ToolMissingError
from kws_tflm.firmware import FLASHERS, board_names, flash, flash_command
from kws_tflm.firmware import flash as flash_function
from kws_tflm.firmware.boards import read_board

ELF = Path("out dir/kws_firmware.elf")


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A PATH on which only the programs made here exist."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))

    def make(name: str, script: str = "exit 0") -> Path:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)
        return path

    return make


def test_stflash():
    command = flash_command(ELF, "nucleo_f767zi", "stflash")

    assert command[0] == "st-flash"
    assert command[-3:] == ["write", "out dir/kws_firmware.bin", "0x8000000"]


def test_openocd():
    command = flash_command(ELF, "nucleo_f767zi", "openocd")

    assert command[:3] == ["openocd", "-f", "board/st_nucleo_f7.cfg"]
    assert command[-1] == "program {out dir/kws_firmware.elf} verify reset exit"


def test_pyocd():
    assert flash_command(ELF, "nucleo_f746zg", "pyocd") == [
        *("pyocd", "flash", "--target", "stm32f746zgtx"),
        "out dir/kws_firmware.hex",
    ]


@pytest.mark.parametrize("tool", [*FLASHERS, None])
def test_dry_run_needs_neither_tool_nor_image(programs, tool):
    shown = flash(ELF, "nucleo_f767zi", tool, dry_run=True)

    assert shown.startswith(FLASHERS[tool or "stflash"].program)
    assert "'out dir/" in shown or "{out dir/" in shown  # quoted for a shell


@pytest.mark.parametrize("tool", FLASHERS)
def test_a_missing_tool_gets_its_install_line(programs, tool):
    with pytest.raises(ToolMissingError) as caught:
        flash(ELF, "nucleo_f767zi", tool)
    assert str(caught.value).endswith(FLASHERS[tool].install_line)


def test_detection_takes_what_is_installed(programs):
    with pytest.raises(ToolMissingError, match="apt-get install stlink-tools or"):
        flash_command(ELF, "nucleo_f767zi")
    programs("openocd")
    assert flash_command(ELF, "nucleo_f767zi")[0] == "openocd"
    assert flash_command(ELF, "nucleo_f767zi", dry_run=True)[0] == "openocd"


def test_success_and_failure(programs, tmp_path):
    elf = tmp_path / "kws_firmware.elf"
    programs("st-flash")
    with pytest.raises(FirmwareError, match="no such image"):
        flash(elf, "nucleo_f767zi", "stflash")
    elf.write_bytes(b"")
    assert flash(elf, "nucleo_f767zi", "stflash").startswith("st-flash")
    programs("st-flash", "echo working; echo 'Failed to connect to target' >&2; exit 1")
    with pytest.raises(FirmwareError, match="st-flash failed: Failed to connect to target"):
        flash_function(elf, "nucleo_f767zi", "stflash")


def test_unknown_names_are_refused():
    with pytest.raises(FirmwareError, match="choose one of stflash, openocd, pyocd"):
        flash_command(ELF, "nucleo_f767zi", "jtag")
    with pytest.raises(FirmwareError, match="did you mean 'nucleo_f767zi'"):
        flash_command(ELF, "nucleo_f767", "openocd")


def test_every_board_is_complete():
    assert {"nucleo_f767zi", "nucleo_f746zg"} <= set(board_names())
    for name in board_names():
        board = read_board(name)
        assert board.name == name
        assert board.flash_bytes >= 1 << 20
        assert board.dtcm_bytes >= 1 << 16
