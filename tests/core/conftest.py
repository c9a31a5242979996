"""Compiles the firmware's portable core as a shared library; undefined behaviour traps."""

from __future__ import annotations

import ctypes
import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHIM = Path(__file__).parent / "native" / "shim.cc"
TFLM_LIBRARY = ROOT / "build" / "host" / "libtflm.a"
TENSORFLOW = ROOT / "build" / "third_party" / "tfmicro" / "submodules" / "tensorflow"
DOWNLOADS = TENSORFLOW / "tensorflow/lite/micro/tools/make/downloads"
CORE = ROOT / "stm32f7_app" / "core"
SIZE, POINTER, TEXT = ctypes.c_size_t, ctypes.c_void_p, ctypes.c_char_p
U32, U64, I32 = ctypes.c_uint32, ctypes.c_uint64, ctypes.c_int32

SIGNATURES = {
    "detector_new": (POINTER, [I32, U64, I32, U32, U64]),
    "detector_free": (None, [POINTER]),
    "detector_reset": (None, [POINTER]),
    "detector_set_threshold": (U32, [POINTER, U32]),
    "detector_update": (ctypes.c_bool, [POINTER, POINTER, U64, POINTER]),
    "write_line": (SIZE, [POINTER, SIZE, TEXT, TEXT, U64, U32, U32, POINTER, SIZE]),
    "format_boot": (SIZE, [POINTER, POINTER, SIZE]),
    "format_statistics": (SIZE, [POINTER, POINTER, SIZE]),
    "format_detection": (SIZE, [POINTER, TEXT, U32, POINTER, SIZE]),
    "format_error": (SIZE, [TEXT, TEXT, POINTER, SIZE]),
    "parse_command": (U32, [TEXT, SIZE, POINTER]),
    "reader_new": (POINTER, []),
    "reader_free": (None, [POINTER]),
    "reader_push": (I32, [POINTER, ctypes.c_char]),
    "ring_new": (POINTER, []),
    "ring_free": (None, [POINTER]),
    "ring_push": (ctypes.c_bool, [POINTER, TEXT, U32]),
    "ring_pop": (I32, [POINTER]),
    "ring_free_bytes": (U32, [POINTER]),
    "hops_new": (POINTER, []),
    "hops_free": (None, [POINTER]),
    "hops_push": (ctypes.c_bool, [POINTER, ctypes.c_int16]),
    "hops_pop": (ctypes.c_int64, [POINTER, POINTER]),
    "hops_overruns": (U32, [POINTER]),
    "watch_new": (POINTER, [U32]),
    "watch_free": (None, [POINTER]),
    "watch_update": (ctypes.c_bool, [POINTER, POINTER, U32]),
    "crc32": (U32, [TEXT, SIZE]),
    "model_new": (POINTER, [U32]),
    "model_free": (None, [POINTER]),
    "model_load": (TEXT, [POINTER, POINTER, SIZE, POINTER, SIZE, I32, I32, I32]),
    "model_message": (TEXT, [POINTER]),
    "model_arena_used": (SIZE, [POINTER]),
    "model_invoke": (ctypes.c_bool, [POINTER, POINTER, POINTER]),
}


def _listed_sources(cmake_file: Path) -> list[Path]:
    names = re.findall(r"\$\{CMAKE_CURRENT_LIST_DIR\}/(\S+?\.cc)", cmake_file.read_text(encoding="utf-8"))
    return [cmake_file.parent / name for name in names]


def _compile() -> Path:
    if not TFLM_LIBRARY.is_file():
        pytest.fail(f"{TFLM_LIBRARY} is not there; run 'make setup'")
    compiler = shutil.which("g++")
    if compiler is None:
        pytest.fail("g++ is not installed; run: sudo apt-get install g++")
    sources = [SHIM, *_listed_sources(CORE / "sources.cmake"), *_listed_sources(CORE / "features" / "sources.cmake")]
    sources += _listed_sources(ROOT / "custom_ops" / "sources.cmake")
    flags = [
        "-std=c++17",
        "-O1",
        "-g",
        "-shared",
        "-fPIC",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-fno-exceptions",
        "-fno-rtti",
        "-pipe",
    ]
    flags += ["-fsanitize=undefined", "-fsanitize-undefined-trap-on-error", "-fno-sanitize=alignment,vptr"]
    flags += ["-DTF_LITE_STATIC_MEMORY", "-DGEMMLOWP_ALLOW_SLOW_SCALAR_FALLBACK", "-DKWS_KERNELS_M7=1", f"-I{ROOT}"]
    for folder in (TENSORFLOW, *(DOWNLOADS / name for name in ("flatbuffers/include", "gemmlowp", "ruy"))):
        flags += ["-isystem", str(folder)]
    headers = [*CORE.glob("*.h"), *CORE.glob("features/*.h"), *ROOT.glob("custom_ops/*/*.h")]
    digest = hashlib.sha256(" ".join(flags).encode())
    for path in sorted([*sources, *headers]):
        digest.update(path.read_bytes())
    digest.update(str(TFLM_LIBRARY.stat().st_mtime_ns).encode())
    library = ROOT / "build" / "tests" / f"core-{digest.hexdigest()[:16]}.so"
    if not library.is_file():
        library.parent.mkdir(parents=True, exist_ok=True)
        partial = library.with_suffix(".partial")
        command = [compiler, *flags, *map(str, sources), str(TFLM_LIBRARY), "-o", str(partial)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr
        partial.rename(library)
    return library


@pytest.fixture(scope="session")
def core() -> ctypes.CDLL:
    library = ctypes.CDLL(str(_compile()))
    for name, (result, arguments) in SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
