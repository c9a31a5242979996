"""Where the firmware's sources are, and what `boards/NAME/board.cmake` says about a board."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from pathlib import Path

from kws_tflm.errors import FirmwareError

DEFAULT_BOARD = "nucleo_f767zi"
_SETTING = re.compile(r'^set\(KWS_BOARD_([A-Z0-9_]+) "?([^")]*)"?\)', re.MULTILINE)


@dataclass(frozen=True)
class BoardInfo:
    """Values of one `board.cmake`; the C++ side of a board is its `board.h`."""

    name: str
    title: str
    flash_bytes: int
    dtcm_bytes: int
    sram_bytes: int
    """SRAM1 and SRAM2 together."""
    openocd_config: str
    pyocd_target: str


def project_root() -> Path:
    """The folder that holds `stm32f7_app`.

    Raises:
        FirmwareError: the package was installed without its sources.
    """
    for folder in (Path(__file__).resolve().parents[2], Path.cwd()):
        if (folder / "stm32f7_app" / "CMakeLists.txt").is_file():
            return folder
    raise FirmwareError("stm32f7_app is not here: firmware is built in a clone of the project; change to its folder")


def board_names() -> list[str]:
    """All boards, sorted."""
    return sorted(path.parent.name for path in _boards_folder().glob("*/board.cmake"))


def read_board(name: str) -> BoardInfo:
    """The board called `name`.

    Raises:
        FirmwareError: no such board (the nearest is named), or its file lacks a value.
    """
    path = _boards_folder() / name / "board.cmake"
    if not re.fullmatch(r"\w+", name) or not path.is_file():
        near = difflib.get_close_matches(name, board_names(), n=1, cutoff=0.0)
        raise FirmwareError(f"no board '{name}'; did you mean '{near[0]}'? Boards are folders of stm32f7_app/boards")
    values = dict(_SETTING.findall(path.read_text(encoding="utf-8")))
    try:
        return BoardInfo(
            name=name,
            title=values["TITLE"],
            flash_bytes=int(values["FLASH_BYTES"], 0),
            dtcm_bytes=int(values["DTCM_BYTES"], 0),
            sram_bytes=int(values["SRAM_BYTES"], 0),
            openocd_config=values["OPENOCD_CONFIG"],
            pyocd_target=values["PYOCD_TARGET"],
        )
    except (KeyError, ValueError) as error:
        raise FirmwareError(f"{path}: {error} is missing or malformed; compare it with another board's") from None


def _boards_folder() -> Path:
    return project_root() / "stm32f7_app" / "boards"
