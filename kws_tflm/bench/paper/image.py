"""The bench image: built once; for each run its blob is written into a copy."""

from __future__ import annotations

from kws_tflm.bench.image import BlobImage
from kws_tflm.firmware.boards import project_root
from kws_tflm.firmware.toolchain import cmake_build, exclusive

BLOB_SYMBOL = "kws_study_blob"


def build_image() -> BlobImage:
    """Build the image, or take the one that is up to date.

    Raises:
        FirmwareError, ToolMissingError: it cannot be built.
    """
    root = project_root()
    folder = root / "build" / "firmware" / "bench_paper"
    with exclusive(folder):
        cmake_build(root / "stm32f7_app" / "bench_paper", folder, {}, "bench image")
        return BlobImage(folder / "kws_bench_paper.elf", BLOB_SYMBOL)
