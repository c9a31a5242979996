"""The C++ front end through ctypes: `build` compiles the firmware's sources with a C interface."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np

from kws_tflm.config import FeatureConfig
from kws_tflm.features.tables import make_tables

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "stm32f7_app" / "core" / "features"
POINTERS = (
    *("window", "permutation", "fft_twiddles", "unpack_twiddles", "mel_segments", "mel_rising"),
    *("log_table", "dct"),
)
SIZES = ("window_length", "hop_length", "n_fft", "n_mels", "n_coefficients", "n_features")


class FeatureTables(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int32) for name in SIZES),
        *((name, ctypes.c_void_p) for name in POINTERS),
        ("log_offset", ctypes.c_uint64),
    )


def compile_library(folder: Path, *flags: str) -> Path:
    compiler = shutil.which("g++") or shutil.which("c++")
    assert compiler, "a C++ compiler is needed for the front end's tests: apt-get install g++"
    library = folder / "libkws_features.so"
    sources = [*sorted(SOURCES.glob("*.cc")), Path(__file__).with_name("feature_shim.cc")]
    command = [compiler, "-std=c++17", "-O3", "-Wall", "-Wextra", "-Werror", "-fno-exceptions", "-fno-rtti"]
    command += ["-fPIC", "-shared", f"-I{ROOT}", *flags, *map(str, sources), "-o", str(library)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return library


class Native:
    """The compiled library with typed entry points."""

    def __init__(self, library: Path) -> None:
        self.lib = ctypes.CDLL(str(library))
        for name in ("extractor_new", "ring_new"):
            getattr(self.lib, name).restype = ctypes.c_void_p
        self.lib.workspace_bytes.restype = ctypes.c_size_t
        self.lib.tables_bytes.restype = ctypes.c_size_t
        assert self.lib.tables_bytes() == ctypes.sizeof(FeatureTables)

    def extractor(self, config: FeatureConfig) -> Extractor:
        return Extractor(self.lib, Tables(config))


class Tables:
    """A FeatureTables struct that points at numpy arrays it keeps alive."""

    def __init__(self, config: FeatureConfig) -> None:
        values = make_tables(config)
        self.arrays = {name: np.ascontiguousarray(values[name]) for name in POINTERS}
        self.config = config
        self.struct = FeatureTables(
            *(values[name] for name in SIZES),
            *(self.arrays[name].ctypes.data for name in POINTERS),
            values["log_offset"],
        )

    @property
    def address(self) -> ctypes.c_void_p:
        return ctypes.c_void_p(ctypes.addressof(self.struct))


def pointer(array: np.ndarray) -> ctypes.c_void_p:
    assert array.flags.c_contiguous
    return ctypes.c_void_p(array.ctypes.data)


class Extractor:
    """kws::FeatureExtractor with its own workspace."""

    def __init__(self, lib: ctypes.CDLL, tables: Tables, workspace_bytes: int | None = None) -> None:
        self.lib = lib
        self.tables = tables
        self.config = tables.config
        size = workspace_bytes if workspace_bytes is not None else lib.workspace_bytes(tables.address)
        self.workspace = np.zeros(max(1, (size + 7) // 8), np.uint64)
        self.handle = ctypes.c_void_p(lib.extractor_new(tables.address, pointer(self.workspace), ctypes.c_size_t(size)))

    def __del__(self) -> None:
        self.lib.extractor_delete(self.handle)

    @property
    def ok(self) -> bool:
        return bool(self.lib.extractor_ok(self.handle))

    def reset(self) -> None:
        self.lib.extractor_reset(self.handle)

    def push(self, hop: np.ndarray) -> np.ndarray | None:
        assert hop.dtype == np.int16
        assert len(hop) == self.config.hop_length
        hop = np.ascontiguousarray(hop)
        column = np.zeros(self.config.n_features, np.int16)
        return column if self.lib.extractor_push(self.handle, pointer(hop), pointer(column)) else None

    def clip(self, pcm: np.ndarray) -> np.ndarray:
        assert pcm.dtype == np.int16
        pcm = np.ascontiguousarray(pcm)
        frames = max(0, 1 + (len(pcm) - self.config.window_length) // self.config.hop_length)
        columns = np.zeros((frames, self.config.n_features), np.int16)
        assert self.lib.extractor_clip(self.handle, pointer(pcm), len(pcm), pointer(columns)) == frames
        return columns
