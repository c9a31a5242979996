"""From a `.tflite` to an image: generated sources, compiled firmware, measured arena."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kws_tflm.config import Config
from kws_tflm.firmware.boards import DEFAULT_BOARD, read_board
from kws_tflm.firmware.generate import Application, generated_files, read_application
from kws_tflm.firmware.image_builder import ImageBuilder, build_tflm, crate_folder, default_folder
from kws_tflm.firmware.kernels import choose
from kws_tflm.firmware.placement import Placement
from kws_tflm.firmware.size import measure
from kws_tflm.firmware.toolchain import Progress, exclusive, show

__all__ = ["FirmwareImage", "build", "crate_folder", "dma_bytes"]

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
    kernels: str | None = None,
    placement: Placement | None = None,
    progress: Progress = show,
) -> FirmwareImage:
    """Build the firmware for one model and one board; what is up to date is kept.

    Args:
        model_path: int8 `.tflite`, with or without this project's metadata.
        board: a folder of stm32f7_app/boards.
        out_dir: build folder, default `build/firmware` in the project. The image goes to
            `<out_dir>/<board>/<model hash>/` (kernels, a TFLM or a placement that are not the default are
            appended to the name), the crate's TFLM is built once in `<out_dir>/tflm`.
        arena_bytes: tensor arena; None measures it on the virtual board.
        config: configuration of a model without metadata; otherwise it must be the model's own.
        labels: class names of a foreign model, in output order.
        kernels: of the built-in operators: ``m7``, ``reference`` or ``cmsis_nn`` (with CMSIS_NN_ROOT in the
            environment); None: the environment's KWS_KERNELS, else ``m7``. TFLM_ROOT in the environment names a
            TFLM to link instead of the crate's.
        placement: of code, weights and arena; None: the default.
        progress: takes short lines about what is going on.

    Raises:
        ModelError, MismatchError: the model cannot be used.
        FirmwareError: it does not fit, or does not compile or boot.
        ToolMissingError: a program or a prefix is absent; has the line that installs it.
    """
    info = read_board(board)
    application = read_application(Path(model_path), config, labels)
    out = (out_dir or default_folder()).resolve()
    linkage = choose(kernels)
    placement = placement or Placement()
    library = None if linkage.tflm_root else build_tflm(out, progress)
    builder = ImageBuilder(
        folder=out / board / f"{application.model.hash}{linkage.suffix}{placement.suffix}",
        executable="kws_firmware",
        title=f"firmware for {board}",
        board=info,
        dma_bytes=dma_bytes(application.config.features.hop_length),
        tflm_library=library,
        settings={**linkage.settings, **application.model.settings},
        placement=placement,
        model_bytes=len(application.model.data),
        sources=lambda size: generated_files(application, size),
        progress=progress,
    )
    with exclusive(builder.folder):
        if arena_bytes is not None:
            builder.compile(arena_bytes)
            return _image(builder, application, arena_bytes, None)
        measured = builder.measured()
        return _image(builder, application, measured.arena_bytes, measured.arena_used)


def dma_bytes(hop_length: int) -> int:
    """Size of the audio DMA region: two hops of frames, a power of two for the MPU."""
    needed = 2 * hop_length * BYTES_PER_FRAME
    return max(SMALLEST_DMA_BYTES, 1 << (needed - 1).bit_length())


def _image(builder: ImageBuilder, application: Application, arena_bytes: int, arena_used: int | None) -> FirmwareImage:
    size = measure(builder.elf)
    return FirmwareImage(
        elf=builder.elf,
        bin=builder.elf.with_suffix(".bin"),
        hex=builder.elf.with_suffix(".hex"),
        board=builder.board.name,
        model=application.model.name,
        config_hash=application.config_hash,
        labels=application.labels,
        text_bytes=size.text_bytes,
        data_bytes=size.data_bytes,
        bss_bytes=size.bss_bytes,
        model_bytes=len(application.model.data),
        arena_bytes=arena_bytes,
        arena_used=arena_used,
    )
