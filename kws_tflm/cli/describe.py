"""Facts about artefacts and about this machine, as plain values for `kws-tflm info`."""

from __future__ import annotations

import dataclasses
import platform
import shutil
import subprocess
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import kws_tflm
from kws_tflm.cli.artefacts import DEMO_RUNS, RUNS, find_run, read_model
from kws_tflm.errors import FirmwareError, KwsError

PACKAGES = ("tensorflow", "tf_keras", "tensorflow-model-optimization", "numpy", "unicorn", "pyserial", "librosa")
TOOLS = {
    "arm-none-eabi-g++": ("--version", "builds the firmware: apt install gcc-arm-none-eabi libnewlib-arm-none-eabi"),
    "cmake": ("--version", "builds host library and firmware: apt install cmake"),
    "st-flash": ("--version", "flashes a board: apt install stlink-tools"),
    "openocd": ("--version", "flashes a board: apt install openocd"),
    "pyocd": ("--version", "flashes a board: pip install pyocd"),
}
MEMORIES = {
    "flash": (0x08000000, 0x08200000),
    "itcm": (0x00000000, 0x00004000),
    "dtcm": (0x20000000, 0x20020000),
    "sram1": (0x20020000, 0x2007C000),
    "sram2": (0x2007C000, 0x20080000),
}


def model(path: Path) -> dict[str, Any]:
    """A `.tflite`: hash, configuration, shapes, quantisation, operators."""
    from kws_tflm.cli.pipeline import digest
    from kws_tflm.convert import inspect

    content = read_model(path)
    facts = dataclasses.asdict(inspect(content, str(path)))
    return {"model": str(path), "bytes": len(content), "sha256": digest(content), **facts}


def run_folder(path: Path) -> dict[str, Any]:
    """A run folder: configuration, stages, accuracies, models."""
    import json

    run = find_run(path)
    config = run.config()
    facts: dict[str, Any] = {
        "run": str(path),
        "name": config.name,
        "config": config.hash,
        "labels": list(config.labels),
    }
    facts["stages_done"] = [name for name in ("float", "pruned", "qat") if (path / f"{name}.npz").exists()]
    facts["models"] = [{"file": p.name, "bytes": p.stat().st_size} for p in (run.dense, run.sparse) if p.is_file()]
    try:
        report = json.loads((path / "report.json").read_text(encoding="utf-8"))
        facts["accuracy"] = [
            {"stage": name, "validation": stage["validation"]["accuracy"], "test": stage["test"]["accuracy"]}
            for name, stage in report["stages"].items()
        ]
    except (OSError, ValueError, KeyError):
        facts["accuracy"] = []  # not finished yet
    return facts


def wav(path: Path) -> dict[str, Any]:
    """A recording that the tools accept: length and level."""
    import numpy as np

    from kws_tflm.data import read_wav

    pcm = read_wav(path).astype(np.float64)
    rms = float(np.sqrt(np.mean(pcm**2)))
    return {
        "recording": str(path),
        "samples": len(pcm),
        "seconds": len(pcm) / 16000,
        "peak": int(np.abs(pcm).max()),
        "level_dbfs": round(20 * float(np.log10(max(rms, 1e-3) / 32768)), 1),
        "clipped_samples": int(np.sum(np.abs(pcm) >= 32767)),
    }


def elf(path: Path) -> dict[str, Any]:
    """A firmware image: bytes in each memory, the largest symbols."""
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    try:
        with path.open("rb") as file:
            image = ELFFile(file)
            if image.get_machine_arch() != "ARM":
                raise FirmwareError(f"{path}: is for {image.get_machine_arch()}, not a firmware image for Arm")
            sections = [
                {"section": s.name, "address": f"0x{s['sh_addr']:08x}", "bytes": s["sh_size"],
                 "memory": _memory(s["sh_addr"])}
                for s in image.iter_sections() if s["sh_flags"] & 2 and s["sh_size"]
            ]  # fmt: skip
            symbols = sorted(_symbols(image), key=lambda s: -s["bytes"])[:10]
            entry = image["e_entry"]
    except (ELFError, ValueError, KeyError, UnicodeDecodeError) as error:
        raise FirmwareError(f"{path}: damaged ELF file ({error}); build the firmware again") from None
    memories: dict[str, int] = {}
    for section in sections:
        memories[section["memory"]] = memories.get(section["memory"], 0) + int(section["bytes"])
    return {
        "firmware": str(path),
        "entry": f"0x{entry:08x}",
        "bytes_by_memory": memories,
        "sections": sections,
        "largest_symbols": symbols,
    }


def environment() -> dict[str, Any]:
    """Versions, tools found, and what has been made here so far."""
    return {
        "kws_tflm": kws_tflm.__version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "host_library": _host_library(),
        "packages": {name: _version(name) for name in PACKAGES},
        "tools": {name: _tool(name, flag) or f"not found ({advice})" for name, (flag, advice) in TOOLS.items()},
        "runs": [str(p.parent) for root in (RUNS, DEMO_RUNS) if root.is_dir() for p in root.glob("*/config.json")],
    }


def _symbols(image: Any) -> Iterator[dict[str, Any]]:
    table = image.get_section_by_name(".symtab")
    for symbol in table.iter_symbols() if table is not None else ():
        if symbol["st_info"]["type"] in ("STT_OBJECT", "STT_FUNC") and symbol["st_size"]:
            yield {"symbol": symbol.name, "bytes": symbol["st_size"], "memory": _memory(symbol["st_value"])}


def _memory(address: int) -> str:
    return next((name for name, (start, end) in MEMORIES.items() if start <= address < end), "other")


def _host_library() -> str:
    from kws_tflm.runtime._load import native

    try:
        native()
    except KwsError as error:
        return str(error)
    return "loaded"


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed (run 'make setup')"


def _tool(name: str, flag: str) -> str | None:
    path = shutil.which(name)
    if path is None:
        return None
    try:
        done = subprocess.run([path, flag], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return path
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[0] if lines else path
