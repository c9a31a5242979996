"""The image that `kws-tflm profile` measures: one model, two inferences, no microphone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kws_tflm.firmware.boards import DEFAULT_BOARD, read_board
from kws_tflm.firmware.generate import profile_files
from kws_tflm.firmware.image_builder import ImageBuilder, build_tflm, default_folder
from kws_tflm.firmware.kernels import choose
from kws_tflm.firmware.model_facts import read_model_facts
from kws_tflm.firmware.placement import Placement
from kws_tflm.firmware.size import measure
from kws_tflm.firmware.toolchain import Progress, exclusive, show

_DMA_BYTES = 32  # no audio: the smallest region that the MPU knows


@dataclass(frozen=True)
class ProfileImage:
    """A built image. Sizes in bytes."""

    elf: Path
    board: str
    model: str
    """Name and hash."""
    model_data: bytes
    kernels: str
    placement: Placement
    """With the arena's memory decided."""
    flash_bytes: int
    """Code, constants and the model."""
    arena_bytes: int
    """Of the arena in use, as the image itself reports it."""


def build_profile(
    model_path: Path,
    board: str = DEFAULT_BOARD,
    out_dir: Path | None = None,
    *,
    kernels: str = "m7",
    placement: Placement | None = None,
    progress: Progress = show,
) -> ProfileImage:
    """Build the profile image of any int8 model; what is up to date is kept.

    Args:
        model_path: int8 `.tflite` whose operators the firmware has; any inputs and outputs.
        board: a folder of stm32f7_app/boards.
        out_dir: build folder, default `build/firmware` in the project. The image goes to
            `<out_dir>/<board>/<model hash>-profile-<kernels>/`.
        kernels: one of `kernels.KERNELS`; ``cmsis_nn`` needs the environment variable CMSIS_NN_ROOT. TFLM_ROOT in
            the environment names a TFLM to link instead of the crate's.
        placement: of code, weights and arena; None: the default.
        progress: takes short lines about what is going on.

    Raises:
        ModelError: the model cannot be used.
        FirmwareError: it does not fit, or does not compile or start.
        ToolMissingError: a program or CMSIS-NN is absent.
    """
    info = read_board(board)
    model = read_model_facts(Path(model_path), classifier=False)
    linkage = choose(kernels)
    placement = placement or Placement()
    out = (out_dir or default_folder()).resolve()
    tflm = "-tflm_root" if linkage.tflm_root else ""
    builder = ImageBuilder(
        folder=out / board / f"{model.hash}-profile-{linkage.kernels}{tflm}{placement.suffix}",
        executable="kws_profile",
        title=f"profile image, {kernels} kernels",
        board=info,
        dma_bytes=_DMA_BYTES,
        tflm_library=None if linkage.tflm_root else build_tflm(out, progress),
        settings={"KWS_PROFILE_IMAGE": "ON", **linkage.settings, **model.settings},
        placement=placement,
        model_bytes=len(model.data),
        sources=lambda size: profile_files(model, size),
        progress=progress,
    )
    with exclusive(builder.folder):
        measured = builder.measured()
    return ProfileImage(
        elf=builder.elf,
        board=board,
        model=model.name,
        model_data=model.data,
        kernels=kernels,
        placement=placement.resolved(info, measured.arena_bytes, len(model.data)),
        flash_bytes=measure(builder.elf).flash_bytes,
        arena_bytes=measured.arena_used,
    )
