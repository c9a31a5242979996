"""Compiles an image around generated sources and finds the arena that it needs, on the virtual board."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import kws_tflm
from kws_tflm.errors import FirmwareError
from kws_tflm.firmware import arena
from kws_tflm.firmware.boards import BoardInfo, project_root
from kws_tflm.firmware.generate import write_files
from kws_tflm.firmware.placement import Placement
from kws_tflm.firmware.toolchain import Progress, cmake_build, exclusive


def default_folder() -> Path:
    """Where images are built unless the caller says otherwise."""
    return project_root() / "build" / "firmware"


def crate_folder(root: Path) -> Path:
    """Where `make setup` put the sources of TensorFlow Lite Micro."""
    folder = root / "build" / "third_party" / "tfmicro"
    if not folder.is_dir():
        raise FirmwareError(f"{folder}: TensorFlow Lite Micro is not there; run 'make setup'")
    return folder


def build_tflm(out: Path, progress: Progress) -> Path:
    """The crate's library for the target, built once in `out`/tflm."""
    root = project_root()
    folder = out / "tflm"
    with exclusive(folder):
        cmake_build(
            root / "stm32f7_app" / "tflm",
            folder,
            {"TFLM_CRATE_DIR": str(crate_folder(root))},
            "TensorFlow Lite Micro",
            progress,
        )
    return folder / "libtflm.a"


@dataclass(frozen=True)
class Measurement:
    """The arena that an image was found to need."""

    arena_bytes: int
    arena_used: int
    elf_sha256: str


@dataclass(frozen=True)
class ImageBuilder:
    """One executable of stm32f7_app for one model on one board, in one folder."""

    folder: Path
    executable: str
    title: str
    """For progress and errors."""
    board: BoardInfo
    dma_bytes: int
    tflm_library: Path | None
    """Of the crate; None: `settings` has TFLM_ROOT."""
    settings: Mapping[str, str]
    """CMake variables beside the usual ones."""
    placement: Placement
    model_bytes: int
    sources: Callable[[int], dict[str, str]]
    """Arena size -> generated sources, name -> text."""
    progress: Progress

    @property
    def elf(self) -> Path:
        """The image."""
        return self.folder / f"{self.executable}.elf"

    def compile(self, arena_bytes: int) -> None:
        """Generate and compile with an arena of that size.

        Raises:
            FirmwareError: not a size for an arena, or it does not compile or fit.
            ToolMissingError: a program is absent.
        """
        if arena_bytes <= 0 or arena_bytes % 16:
            raise FirmwareError(f"arena of {arena_bytes} bytes; give a positive multiple of 16")
        root = project_root()
        generated = self.folder / "generated"
        write_files(self.sources(arena_bytes), generated)
        settings = {
            "KWS_BOARD": self.board.name,
            "KWS_GENERATED_DIR": str(generated),
            "KWS_TFLM_LIBRARY": str(self.tflm_library or ""),
            "TFLM_CRATE_DIR": str(crate_folder(root) if self.tflm_library else ""),
            "KWS_DMA_BYTES": str(self.dma_bytes),
            "KWS_FIRMWARE_VERSION": kws_tflm.__version__,
            **self.placement.settings(self.board, arena_bytes, self.model_bytes),
            **self.settings,
        }
        try:
            cmake_build(root / "stm32f7_app", self.folder, settings, self.title, self.progress)
        except FirmwareError as error:
            if "will not fit in region" in str(error):
                raise FirmwareError(f"{error} ({self.placement.text}; --place moves them)") from None
            raise

    def measured(self) -> Measurement:
        """Compile with the smallest arena that boots; a known measurement is used again.

        Raises:
            FirmwareError: it does not compile, fit or start.
        """
        record = self.folder / "arena.json"
        known = _read_record(record)
        if known is not None:
            self.compile(known.arena_bytes)
            if known.elf_sha256 == _digest(self.elf):
                return known
        largest = self.placement.largest_arena(self.board, self.dma_bytes, self.model_bytes)
        if largest == 0:
            raise FirmwareError(f"{self.folder}: no room for an arena ({self.placement.text}); place it elsewhere")
        self.compile(largest)
        self.progress("measuring the arena on the virtual board")
        report = arena.boot(self.elf)
        if report.error is not None:
            raise FirmwareError(f"{self.elf}: does not start on the virtual board: {report.error}")
        for slack in arena.SLACK_STEPS:
            size = min(arena.exact(report.arena_used, slack), largest)
            self.compile(size)
            self.progress("checking the arena on the virtual board")
            found = arena.boot(self.elf)
            if found.error is None:
                self.progress("")
                measurement = Measurement(size, found.arena_used, _digest(self.elf))
                record.write_text(json.dumps(asdict(measurement)), encoding="utf-8")
                return measurement
        raise FirmwareError(f"{self.elf}: does not start with {size} bytes of arena: {found.error}")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_record(path: Path) -> Measurement | None:
    """The last measurement, or None when there is none that can be trusted."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return Measurement(int(values["arena_bytes"]), int(values["arena_used"]), str(values["elf_sha256"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
