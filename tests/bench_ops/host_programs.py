"""The programs of custom_ops/tests, with ASan and UBSan, built once for all tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from kws_tflm.firmware.toolchain import exclusive

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "tests" / "fuzz"


def build(target: str) -> Path:
    """The program `target`."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    with exclusive(FOLDER):
        for command in (
            ["cmake", "-S", ROOT / "custom_ops" / "tests", "-B", FOLDER, "-G", "Ninja", "-DCMAKE_CXX_COMPILER=g++"],
            ["cmake", "--build", FOLDER, "--parallel", "2", "--target", target],
        ):
            result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
            assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return FOLDER / target


class HostRunner:
    """Models on this machine."""

    def __init__(self, folder: Path) -> None:
        self._program, self._folder = build("run_model"), folder

    def run(self, kernels: str, model: bytes, values: np.ndarray) -> bytes:
        """Output bytes with the kernels ``m7`` or ``reference``."""
        paths = [self._folder / name for name in ("model.tflite", "input.bin", "output.bin")]
        paths[0].write_bytes(model)
        paths[1].write_bytes(values.astype(np.int8).tobytes())
        result = subprocess.run([self._program, kernels, *paths], capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr
        return paths[2].read_bytes()
