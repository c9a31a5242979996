"""The kernels compiled for the host, behind ctypes."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from conv_case import ConvCase

ROOT = Path(__file__).resolve().parents[2]
OPS = ROOT / "custom_ops"
KERNELS = sorted((OPS / "formats").glob("*.cc")) + sorted((OPS / "kernels").glob("sparse_conv2d_*.cc"))
WARNINGS = ("-Wall", "-Wextra", "-Werror")


def compiler(name: str, install: str) -> str:
    path = shutil.which(name)
    assert path, f"{name} is needed by this test: apt-get install {install}"
    return path


def compile_cpp(command: list[str]) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


class _ConvCall(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("packed", "input", "bias", "output", "scratch")),
        *((name, ctypes.c_uint32) for name in ("packed_bytes", "output_bytes", "scratch_bytes")),
        *((name, ctypes.c_int32) for name in ("batches", "in_h", "in_w", "input_zero_point", "output_zero_point")),
        *((name, ctypes.c_int32) for name in ("use_m7", "forbid_narrow")),
    )


class HostKernels:
    """`custom_ops/tests/c_api.h` as Python calls; `sources` implement it."""

    def __init__(self, folder: Path, sources: Sequence[Path] = (OPS / "tests" / "c_api.cc", *KERNELS)) -> None:
        library = folder / "libkernels.so"
        command = [compiler("g++", "g++"), "-std=c++17", "-O2", "-shared", "-fPIC", *WARNINGS, f"-I{ROOT}"]
        compile_cpp([*command, *map(str, sources), "-o", str(library)])
        self._library = ctypes.CDLL(str(library))
        self._library.kws_error_text.restype = ctypes.c_char_p
        self._library.kws_validate.argtypes = (ctypes.c_void_p, ctypes.c_uint32)

    def validate(self, packed: bytes) -> int:
        """FormatError of the buffer, 0 when valid."""
        words = np.frombuffer(packed + bytes(-len(packed) % 4), np.uint32).copy()
        return int(self._library.kws_validate(words.ctypes.data, len(packed)))

    def error_text(self, error: int) -> str:
        return self._library.kws_error_text(error).decode()

    def conv(self, case: ConvCase, *, m7: bool, forbid_narrow: bool = False) -> np.ndarray:
        packed = np.frombuffer(case.packed, np.uint8).copy()
        inputs, bias = np.ascontiguousarray(case.input), np.ascontiguousarray(case.bias)
        guard = 16
        output = np.full(int(np.prod(case.output_shape)) + guard, 0x5A, np.int8)
        scratch = np.full(1 << 14, 0x7F7F7F7F, np.uint32)
        batches, in_h, in_w, _ = case.input.shape
        call = _ConvCall(
            packed.ctypes.data, inputs.ctypes.data, bias.ctypes.data, output.ctypes.data, scratch.ctypes.data,
            packed.size, output.size - guard, scratch.nbytes, batches, in_h, in_w,
            case.input_zero_point, case.output_zero_point, int(m7), int(forbid_narrow),
        )  # fmt: skip
        status = self._library.kws_conv(ctypes.byref(call))
        assert status == 0, status if status < 0 else self.error_text(status)
        assert np.all(output[-guard:] == 0x5A), "wrote behind the output"
        return output[:-guard].reshape(case.output_shape)
