"""The short requantisation gives the bytes of TFLite's double rounding, on the host and on the emulated Cortex-M7."""

from __future__ import annotations

import ctypes
import itertools
from pathlib import Path

import numpy as np
import pytest
from elftools.elf.elffile import ELFFile
from host_library import ROOT, WARNINGS, compile_cpp, compiler
from hypothesis import given, settings
from hypothesis import strategies as st
from m7_target import FLAGS, FLASH, RAM, RETURN, STACK_TOP
from unicorn import UC_ARCH_ARM, UC_MODE_MCLASS, UC_MODE_THUMB, Uc
from unicorn.arm_const import (
    UC_ARM_REG_LR,
    UC_ARM_REG_R0,
    UC_ARM_REG_R1,
    UC_ARM_REG_R2,
    UC_ARM_REG_R3,
    UC_ARM_REG_SP,
    UC_CPU_ARM_CORTEX_M7,
)

SOURCE = Path(__file__).with_name("requantize_probe.cc")
LIMIT = 1 << 30  # no accumulator reaches it
MULTIPLIERS = (0, 1 << 30, (1 << 30) + 1, 0x5A827999, (1 << 31) - 2, (1 << 31) - 1)


class Host:
    def __init__(self, folder: Path) -> None:
        library = folder / "librequantize.so"
        command = [compiler("g++", "g++"), "-std=c++17", "-O2", "-shared", "-fPIC", *WARNINGS, f"-I{ROOT}"]
        compile_cpp([*command, str(SOURCE), "-o", str(library)])
        self._call = ctypes.CDLL(str(library)).requantize_differences

    def differences(self, first: int, count: int, step: int, multiplier: int, right: int, zero_point: int) -> int:
        return int(self._call(first, count, step, multiplier, right, zero_point))


class Target:
    def __init__(self, folder: Path) -> None:
        image = folder / "requantize.elf"
        cross = compiler("arm-none-eabi-g++", "gcc-arm-none-eabi libstdc++-arm-none-eabi-newlib")
        command = [cross, *FLAGS, "-std=c++17", "-O3", *WARNINGS, "-fno-exceptions", "-fno-rtti", f"-I{ROOT}"]
        command += [str(SOURCE), "-nostartfiles", "--specs=nano.specs", "--specs=nosys.specs", "-o", str(image)]
        compile_cpp([*command, f"-Wl,-Ttext={FLASH:#x},-Tdata={RAM:#x},-e,requantize_differences"])
        self._uc = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
        self._uc.ctl_set_cpu_model(UC_CPU_ARM_CORTEX_M7)
        self._uc.mem_map(FLASH, 0x200000)
        self._uc.mem_map(RAM, 0x80000)
        with image.open("rb") as file:
            elf = ELFFile(file)
            self._entry = elf["e_entry"]
            for segment in elf.iter_segments():
                if segment["p_type"] == "PT_LOAD":
                    self._uc.mem_write(segment["p_vaddr"], segment.data())

    def differences(self, first: int, count: int, step: int, multiplier: int, right: int, zero_point: int) -> int:
        registers = (UC_ARM_REG_R0, UC_ARM_REG_R1, UC_ARM_REG_R2, UC_ARM_REG_R3)
        for register, value in zip(registers, (first, count, step, multiplier), strict=True):
            self._uc.reg_write(register, value & 0xFFFFFFFF)
        self._uc.mem_write(STACK_TOP, np.array([right, zero_point], "<i4").tobytes())
        self._uc.reg_write(UC_ARM_REG_SP, STACK_TOP)
        self._uc.reg_write(UC_ARM_REG_LR, RETURN | 1)
        self._uc.emu_start(self._entry | 1, RETURN)
        return int(self._uc.reg_read(UC_ARM_REG_R0))


@pytest.fixture(scope="module", params=[Host, Target])
def machine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Host | Target:
    machine: Host | Target = request.param(tmp_path_factory.mktemp("requantize"))
    return machine


def test_the_edges_of_everything(machine: Host | Target) -> None:
    count = 2000 if isinstance(machine, Host) else 40
    firsts = (-LIMIT + 1, -count // 2, LIMIT - count)
    for multiplier, right, first in itertools.product(MULTIPLIERS, range(1, 23), firsts):
        for zero_point in (-128, -1, 0, 127):
            assert machine.differences(first, count, 1, multiplier, right, zero_point) == 0


@st.composite
def _stretches(draw: st.DrawFn) -> tuple[int, int, int, int]:
    """Multiplier, right shift, zero point, and a sum near a tie of the second rounding, or any sum."""
    multiplier = draw(st.integers(1 << 30, (1 << 31) - 1) | st.sampled_from(MULTIPLIERS))
    right, zero_point = draw(st.integers(1, 22)), draw(st.integers(-128, 127))
    tie = round((2 * draw(st.integers(-260, 260)) + 1) * 2 ** (right + 30) / max(multiplier, 1))
    near = tie if abs(tie) < LIMIT and draw(st.booleans()) else draw(st.integers(-LIMIT + 1, LIMIT - 1))
    return multiplier, right, zero_point, near


def test_any_sum_and_scale(machine: Host | Target) -> None:
    @settings(max_examples=2000 if isinstance(machine, Host) else 200, deadline=None)
    @given(stretch=_stretches())
    def check(stretch: tuple[int, int, int, int]) -> None:
        multiplier, right, zero_point, near = stretch
        count = 100
        first = min(max(near - count // 2, -LIMIT + 1), LIMIT - count)
        assert machine.differences(first, count, 1, multiplier, right, zero_point) == 0

    check()


def test_sums_across_the_whole_range(machine: Host | Target) -> None:
    count = 1 << 20 if isinstance(machine, Host) else 1 << 10
    for right in (1, 2, 9, 22):
        step = (2 * LIMIT - 2) // count
        assert machine.differences(-LIMIT + 1, count, step, 0x6B8B4567, right, -128) == 0
