"""The kernels of the study compiled for the Cortex-M7, on Unicorn."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from elftools.elf.elffile import ELFFile
from study_host import compile_study
from unicorn import UC_ARCH_ARM, UC_MODE_MCLASS, UC_MODE_THUMB, Uc
from unicorn.arm_const import (
    UC_ARM_REG_C1_C0_2,
    UC_ARM_REG_FPEXC,
    UC_ARM_REG_LR,
    UC_ARM_REG_R0,
    UC_ARM_REG_SP,
    UC_CPU_ARM_CORTEX_M7,
)

from kws_tflm.bench.paper import calls
from kws_tflm.bench.paper.methods import Kernel

FLASH, RAM, STACK_TOP, RETURN = 0x08000000, 0x20000000, 0x2007FF00, 0x081FFFF0
FLAGS = ["-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard", "-O3", "-ffunction-sections"]
LINK = ["-nostartfiles", "--specs=nano.specs", "--specs=nosys.specs", f"-Wl,-Ttext={FLASH:#x},-e,kws_study_run"]


class M7Study:
    def __init__(self, folder: Path) -> None:
        image = folder / "study.elf"
        compile_study("arm-none-eabi-g++", "gcc-arm-none-eabi", [*FLAGS, *LINK, "-o", str(image)])
        with image.open("rb") as file:
            elf = ELFFile(file)
            self._entry = elf["e_entry"]
            segments = [(s["p_vaddr"], s.data()) for s in elf.iter_segments() if s["p_type"] == "PT_LOAD"]
        self._uc = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
        self._uc.ctl_set_cpu_model(UC_CPU_ARM_CORTEX_M7)
        self._uc.mem_map(FLASH, 0x200000)
        self._uc.mem_map(RAM, 0x80000)
        for address, data in segments:
            self._uc.mem_write(address, data)
        self._uc.reg_write(UC_ARM_REG_C1_C0_2, 0xF << 20)  # the FPU
        self._uc.reg_write(UC_ARM_REG_FPEXC, 1 << 30)

    def run(self, kernel: Kernel) -> np.ndarray:
        """Output, [positions, out_c]."""
        self._next = RAM
        shape, dtype = kernel.shape, np.dtype(kernel.tensors.element.dtype)
        size = shape.positions * shape.out_c * dtype.itemsize
        sums, output = self._place(bytes(4 * shape.positions)), self._place(bytes(size))
        pointers = calls.pointers(kernel, lambda array: self._place(array.tobytes()), sums, output)
        call = self._place(struct.pack("<10I13i", *pointers, *calls.numbers(kernel)))
        for register, value in ((UC_ARM_REG_R0, call), (UC_ARM_REG_SP, STACK_TOP), (UC_ARM_REG_LR, RETURN | 1)):
            self._uc.reg_write(register, value)
        self._uc.emu_start(self._entry | 1, RETURN)
        assert self._uc.reg_read(UC_ARM_REG_R0) == 0
        data = bytes(self._uc.mem_read(output, size))
        return np.frombuffer(data, dtype).reshape(shape.positions, shape.out_c)

    def _place(self, data: bytes) -> int:
        address = self._next
        self._uc.mem_write(address, data)
        self._next += (len(data) + 15) // 16 * 16
        assert self._next < STACK_TOP - 0x4000, "test case too large for the emulated RAM"
        return address
