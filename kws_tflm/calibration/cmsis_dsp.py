"""CMSIS-DSP from its Python package: fetched by name and hash, only the sources, into build/."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

from kws_tflm.calibration.image import compile_objects
from kws_tflm.errors import ToolMissingError

PROJECT = Path(__file__).parents[2]
THIRD_PARTY = PROJECT / "third_party" / "cmsis_dsp"
DOWNLOADS = PROJECT / "build" / "third_party" / "cmsis_dsp"
FLAGS = ("-O3", "-std=gnu11", "-w", "-ffunction-sections", "-fdata-sections", "-DARM_MATH_LOOPUNROLL")
"""Unrolled by hand as in the releases that others measured."""

_FOLDERS = (
    "BasicMathFunctions", "CommonTables", "ComplexMathFunctions", "FilteringFunctions", "StatisticsFunctions",
    "SupportFunctions", "TransformFunctions",
)  # fmt: skip


def sources() -> Path:
    """Folder of the unpacked sources; fetched on the first call.

    Raises:
        ToolMissingError: the package cannot be had (no network, another hash).
    """
    requirements = THIRD_PARTY / "requirements.txt"
    if not requirements.is_file():
        raise ToolMissingError(f"{requirements} is missing; run from a checkout of the project")
    found = sorted(DOWNLOADS.glob("cmsisdsp-*/Source"))
    if found:
        return found[-1].parent
    DOWNLOADS.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
        "--no-binary", ":all:", "--no-build-isolation", "--require-hashes", "-r", str(requirements),
        "-d", str(DOWNLOADS),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    archives = sorted(DOWNLOADS.glob("cmsisdsp-*.tar.gz"))
    if done.returncode != 0 or not archives:
        lines = [line for line in done.stderr.splitlines() if "ERROR" in line] or ["no archive came"]
        raise ToolMissingError(f"CMSIS-DSP could not be fetched from the package index: {lines[0]}")
    with tarfile.open(archives[-1]) as archive:
        archive.extractall(DOWNLOADS, filter="data")
    return sources()


def version(folder: Path) -> str:
    """`CMSIS-DSP 1.10.3` from the folder's name."""
    return f"CMSIS-DSP {folder.name.removeprefix('cmsisdsp-')}"


def includes(folder: Path) -> list[Path]:
    """Include path: ours first, it stands in for CMSIS-Core."""
    return [THIRD_PARTY / "include", folder / "Include", folder / "PrivateInclude"]


def objects(folder: Path, output: Path) -> list[Path]:
    """The library's functions compiled for the target; the linker drops those that are not called.

    Half and double precision are left out: the cycle model and the emulator have neither.
    """
    chosen = [
        source
        for name in _FOLDERS
        for source in sorted((folder / "Source" / name).glob("arm_*.c"))
        if not source.stem.endswith(("f16", "f64"))
    ]
    return compile_objects(chosen, output / "cmsis_dsp", FLAGS, includes(folder))
