"""From a `.tflite` to an image: generated sources, compiled firmware, measured arena."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import kws_tflm
from kws_tflm.config import Config
from kws_tflm.errors import FirmwareError
from kws_tflm.firmware import arena
from kws_tflm.firmware.boards import DEFAULT_BOARD, BoardInfo, project_root, read_board
from kws_tflm.firmware.generate import Application, read_application, write_sources
from kws_tflm.firmware.size import measure
from kws_tflm.firmware.toolchain import Progress, cmake_build, exclusive, show

SMALLEST_DMA_BYTES = 16384
BYTES_PER_FRAME = 8


@dataclass(frozen=True)
class FirmwareImage:
    """A built image and its memory. Sizes in bytes."""

    elf: Path
    bin: Path
    hex: Path
    board: str
    model: str
    """Name and hash of the model, as the banner prints it."""
    config_hash: str
    labels: tuple[str, ...]
    text_bytes: int
    """Code and constants, the model among them."""
    data_bytes: int
    bss_bytes: int
    """Zeroed or uninitialised RAM: stack, arena and DMA buffer included."""
    model_bytes: int
    arena_bytes: int
    """Size of the tensor arena."""
    arena_used: int | None
    """Of it in use, as the board reports it; None when `arena_bytes` was given and not measured."""

    @property
    def flash_bytes(self) -> int:
        """What the image takes in flash."""
        return self.text_bytes + self.data_bytes


def build(
    model_path: Path,
    board: str = DEFAULT_BOARD,
    out_dir: Path | None = None,
    arena_bytes: int | None = None,
    *,
    config: Config | None = None,
    labels: Sequence[str] | None = None,
    progress: Progress = show,
) -> FirmwareImage:
    """Build the firmware for one model and one board; what is up to date is kept.

    Args:
        model_path: int8 `.tflite`, with or without this project's metadata.
        board: a folder of stm32f7_app/boards.
        out_dir: build folder, default `build/firmware` in the project. The image goes to
            `<out_dir>/<board>/<model hash>/`, TFLM is built once in `<out_dir>/tflm`.
        arena_bytes: tensor arena; None measures it on the virtual board.
        config: configuration of a model without metadata; otherwise it must be the model's own.
        labels: class names of a foreign model, in output order.
        progress: takes short lines about what is going on.

    Raises:
        ModelError, MismatchError: the model cannot be used.
        FirmwareError: it does not fit, or does not compile or boot.
        ToolMissingError: a program is absent; has the line that installs it.
    """
    info = read_board(board)
    application = read_application(Path(model_path), config, labels)
    root = project_root()
    out = (out_dir or root / "build" / "firmware").resolve()
    library = _build_tflm(root, out, progress)
    builder = _Builder(root, out / board / application.model.hash, info, application, library, progress)
    with exclusive(builder.folder):
        if arena_bytes is not None:
            builder.compile(arena_bytes)
            return builder.image(arena_bytes, None)
        return builder.measured()


def crate_folder(root: Path) -> Path:
    """Where `make setup` put the sources of TensorFlow Lite Micro."""
    folder = root / "build" / "third_party" / "tfmicro"
    if not folder.is_dir():
        raise FirmwareError(f"{folder}: TensorFlow Lite Micro is not there; run 'make setup'")
    return folder


def dma_bytes(hop_length: int) -> int:
    """Size of the audio DMA region: two hops of frames, a power of two for the MPU."""
    needed = 2 * hop_length * BYTES_PER_FRAME
    return max(SMALLEST_DMA_BYTES, 1 << (needed - 1).bit_length())


def _build_tflm(root: Path, out: Path, progress: Progress) -> Path:
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
class _Measurement:
    """The arena that an image was found to need."""

    arena_bytes: int
    arena_used: int
    elf_sha256: str


@dataclass(frozen=True)
class _Builder:
    """One model on one board, in one folder."""

    root: Path
    folder: Path
    board: BoardInfo
    application: Application
    tflm_library: Path
    progress: Progress

    @property
    def elf(self) -> Path:
        return self.folder / "kws_firmware.elf"

    @property
    def _dma_bytes(self) -> int:
        return dma_bytes(self.application.config.features.hop_length)

    def compile(self, arena_bytes: int) -> None:
        """Generate and compile with an arena of that size."""
        if arena_bytes <= 0 or arena_bytes % 16:
            raise FirmwareError(f"arena of {arena_bytes} bytes; give a positive multiple of 16")
        generated = self.folder / "generated"
        write_sources(self.application, arena_bytes, generated)
        settings = {
            "KWS_BOARD": self.board.name,
            "KWS_GENERATED_DIR": str(generated),
            "KWS_TFLM_LIBRARY": str(self.tflm_library),
            "TFLM_CRATE_DIR": str(crate_folder(self.root)),
            "KWS_ARENA_REGION": arena.region(self.board, arena_bytes),
            "KWS_DMA_BYTES": str(self._dma_bytes),
            "KWS_FIRMWARE_VERSION": kws_tflm.__version__,
        }
        cmake_build(self.root / "stm32f7_app", self.folder, settings, f"firmware for {self.board.name}", self.progress)

    def measured(self) -> FirmwareImage:
        """Compile with the smallest arena that boots."""
        record = self.folder / "arena.json"
        known = _read_record(record)
        if known is not None:
            self.compile(known.arena_bytes)
            if known.elf_sha256 == _digest(self.elf):
                return self.image(known.arena_bytes, known.arena_used)
        largest = arena.generous(self.board, self._dma_bytes)
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
                measurement = _Measurement(size, found.arena_used, _digest(self.elf))
                record.write_text(json.dumps(asdict(measurement)), encoding="utf-8")
                return self.image(size, found.arena_used)
        raise FirmwareError(f"{self.elf}: does not start with {size} bytes of arena: {found.error}")

    def image(self, arena_bytes: int, arena_used: int | None) -> FirmwareImage:
        """Describe what was compiled last."""
        size = measure(self.elf)
        return FirmwareImage(
            elf=self.elf,
            bin=self.elf.with_suffix(".bin"),
            hex=self.elf.with_suffix(".hex"),
            board=self.board.name,
            model=self.application.model.name,
            config_hash=self.application.config_hash,
            labels=self.application.labels,
            text_bytes=size.text_bytes,
            data_bytes=size.data_bytes,
            bss_bytes=size.bss_bytes,
            model_bytes=len(self.application.model.data),
            arena_bytes=arena_bytes,
            arena_used=arena_used,
        )


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_record(path: Path) -> _Measurement | None:
    """The last measurement, or None when there is none that can be trusted."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return _Measurement(int(values["arena_bytes"]), int(values["arena_used"]), str(values["elf_sha256"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
