"""The glue to CMSIS-NN: the same bytes as TFLM's reference kernels for any layer.

Without CMSIS_NN_ROOT in the environment a stand-in takes the place of CMSIS-NN: its public functions over this
project's kernels, which shows that the glue compiles, fills every argument and asks for scratch, and nothing about
CMSIS-NN. With CMSIS_NN_ROOT the same tests run against the installed one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from dense_case import AVERAGE_POOL, CONV, DEPTHWISE, FULLY_CONNECTED, SOFTMAX, DenseCase, dense_cases
from dense_target import M7Interpreter
from host_library import OPS, ROOT, compile_cpp, compiler
from hypothesis import given, settings
from m7_target import FLAGS

from kws_tflm.errors import FirmwareError, ToolMissingError
from kws_tflm.firmware.kernels import choose
from kws_tflm.firmware.toolchain import CMAKE_LINE, find_tool

FAKE = Path(__file__).with_name("fake_cmsis_nn")


def fake_prefix(folder: Path) -> Path:
    """A prefix laid out as an installed CMSIS-NN."""
    (folder / "include").mkdir()
    (folder / "lib").mkdir()
    shutil.copy(FAKE / "arm_nnfunctions.h", folder / "include")
    cross = compiler("arm-none-eabi-g++", "gcc-arm-none-eabi libstdc++-arm-none-eabi-newlib")
    command = [cross, *FLAGS, "-std=c++17", "-O2", "-Wall", "-Werror", "-fno-exceptions", "-fno-rtti", f"-I{ROOT}"]
    compile_cpp([*command, f"-I{FAKE}", "-c", str(FAKE / "fake.cc"), "-o", str(folder / "fake.o")])
    archive = compiler("arm-none-eabi-ar", "binutils-arm-none-eabi")
    compile_cpp([archive, "rcs", str(folder / "lib" / "libcmsis-nn.a"), str(folder / "fake.o")])
    return folder


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    installed = os.environ.get("CMSIS_NN_ROOT")
    return Path(installed) if installed else fake_prefix(tmp_path_factory.mktemp("fake_cmsis_nn"))


@pytest.fixture(scope="module")
def m7(tmp_path_factory: pytest.TempPathFactory, prefix: Path) -> M7Interpreter:
    return M7Interpreter(tmp_path_factory.mktemp("cmsis_glue"), cmsis_nn=prefix)


@pytest.mark.parametrize("operator", [CONV, DEPTHWISE, FULLY_CONNECTED, AVERAGE_POOL, SOFTMAX])
def test_same_bytes(m7: M7Interpreter, operator: str) -> None:
    @settings(max_examples=40, deadline=None)
    @given(case=dense_cases(operator))
    def check(case: DenseCase) -> None:
        model, values = case.model(), case.values()
        glue = m7.run(model, values, case.output_shape, kernels="cmsis_nn").output
        np.testing.assert_array_equal(glue, m7.run(model, values, case.output_shape, kernels="m7").output)
        if operator != DEPTHWISE:  # TFLM of 2020 ignores its clamp and dilation; docs/kernels.md
            expected = m7.run(model, values, case.output_shape, kernels="reference").output
            np.testing.assert_array_equal(glue, expected)

    check()


def cmake_error(folder: Path, **variables: str) -> str:
    """What CMake says about the choice of kernels, on one line."""
    script = folder / "choice.cmake"
    definitions = "".join(f'set({name} "{value}" CACHE STRING "")\n' for name, value in variables.items())
    script.write_text(f'{definitions}include("{OPS / "sources.cmake"}")\n', encoding="utf-8")
    command = [find_tool("cmake", CMAKE_LINE), "-P", str(script)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return " ".join(result.stderr.split()) if result.returncode else ""


def test_cmake_names_the_variable(tmp_path: Path) -> None:
    unset = cmake_error(tmp_path, KWS_KERNELS="cmsis_nn")
    assert "needs CMSIS_NN_ROOT, a prefix with include/arm_nnfunctions.h and lib/libcmsis-nn.a; it is ''" in unset
    assert f"it is '{tmp_path}'" in cmake_error(tmp_path, KWS_KERNELS="cmsis_nn", CMSIS_NN_ROOT=str(tmp_path))
    assert "must be m7, reference or cmsis_nn" in cmake_error(tmp_path, KWS_KERNELS="fast")
    assert not cmake_error(tmp_path, KWS_KERNELS="reference")


def test_python_names_the_variable(tmp_path: Path) -> None:
    with pytest.raises(ToolMissingError, match=r"set CMSIS_NN_ROOT to a prefix with include/arm_nnfunctions\.h"):
        choose("cmsis_nn", {})
    (tmp_path / "include").mkdir()
    (tmp_path / "include" / "arm_nnfunctions.h").touch()
    with pytest.raises(ToolMissingError, match=r"has no lib/libcmsis-nn\.a"):
        choose("cmsis_nn", {"CMSIS_NN_ROOT": str(tmp_path)})
    with pytest.raises(FirmwareError, match="no kernels 'fast'; choose m7, reference, cmsis_nn"):
        choose(None, {"KWS_KERNELS": "fast"})


def test_environment_chooses(prefix: Path) -> None:
    assert choose(None, {}).settings == {"KWS_KERNELS": "m7", "CMSIS_NN_ROOT": "", "TFLM_ROOT": ""}
    linkage = choose(None, {"KWS_KERNELS": "cmsis_nn", "CMSIS_NN_ROOT": str(prefix)})
    assert linkage.settings["CMSIS_NN_ROOT"] == str(prefix.resolve())
    assert linkage.suffix == "-cmsis_nn"
    assert choose("reference", {"KWS_KERNELS": "cmsis_nn"}).kernels == "reference"
