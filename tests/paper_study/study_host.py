"""The kernels of the study compiled for this machine, behind ctypes."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np

from kws_tflm.bench.paper import calls
from kws_tflm.bench.paper.methods import Kernel

ROOT = Path(__file__).resolve().parents[2]
STUDY = ROOT / "custom_ops" / "paper_study"
WARNINGS = ("-Wall", "-Wextra", "-Werror", "-fno-exceptions", "-fno-rtti")
GUARD = 16


def compile_study(compiler: str, install: str, flags: list[str]) -> None:
    path = shutil.which(compiler)
    assert path, f"{compiler} is needed by this test: apt-get install {install}"
    command = [path, "-std=c++17", *WARNINGS, f"-I{ROOT}", *map(str, sorted(STUDY.glob("*.cc"))), *flags]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


class _Call(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_void_p) for name in calls.POINTERS),
        *((name, ctypes.c_int32) for name in calls.NUMBERS),
    )


class HostStudy:
    def __init__(self, folder: Path) -> None:
        library = folder / "libstudy.so"
        compile_study("g++", "g++", ["-O2", "-shared", "-fPIC", "-o", str(library)])
        self._library = ctypes.CDLL(str(library))

    def run(self, kernel: Kernel) -> np.ndarray:
        """Output, [positions, out_c]."""
        shape, element = kernel.shape, kernel.tensors.element
        count = shape.positions * shape.out_c
        output = np.full(count + GUARD, 77, element.dtype)
        sums = np.full(shape.positions + GUARD, 77, element.sum_dtype)
        alive: list[np.ndarray] = []

        def place(array: np.ndarray) -> int:
            alive.append(array)
            return array.ctypes.data

        pointers = calls.pointers(kernel, place, sums.ctypes.data, output.ctypes.data)
        call = _Call(*(p or None for p in pointers), *calls.numbers(kernel))
        assert self._library.kws_study_run(ctypes.byref(call)) == 0
        assert np.all(output[count:] == 77), "wrote behind the output"
        assert np.all(sums[shape.positions :] == 77), "wrote behind the sums"
        return output[:count].reshape(shape.positions, shape.out_c)
