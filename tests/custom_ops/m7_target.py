"""The kernels as the firmware compiles them, on an emulated Cortex-M7."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from conv_case import ConvCase
from elftools.elf.elffile import ELFFile
from host_library import KERNELS, OPS, ROOT, WARNINGS, compile_cpp, compiler
from unicorn import UC_ARCH_ARM, UC_HOOK_CODE, UC_MODE_MCLASS, UC_MODE_THUMB, Uc
from unicorn.arm_const import UC_ARM_REG_LR, UC_ARM_REG_R0, UC_ARM_REG_SP, UC_CPU_ARM_CORTEX_M7

FLASH, RAM, STACK_TOP, RETURN = 0x08000000, 0x20000000, 0x2007FF00, 0x081FFFF0
FLAGS = ("-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard")


class M7Kernels:
    """`custom_ops/tests/c_api.h` on the emulated core; `sources` implement it."""

    def __init__(self, folder: Path, sources: Sequence[Path] = (OPS / "tests" / "c_api.cc", *KERNELS)) -> None:
        image = folder / "kernels.elf"
        cross = compiler("arm-none-eabi-g++", "gcc-arm-none-eabi libstdc++-arm-none-eabi-newlib")
        command = [cross, *FLAGS, "-std=c++17", "-O3", *WARNINGS, "-fno-exceptions", "-fno-rtti", f"-I{ROOT}"]
        command += [*map(str, sources), "-nostartfiles", "--specs=nano.specs"]
        command += ["--specs=nosys.specs", f"-Wl,-Ttext={FLASH:#x},-Tdata={RAM:#x},-e,kws_conv", "-o", str(image)]
        compile_cpp(command)
        with image.open("rb") as file:
            elf = ELFFile(file)
            self._entry = elf.get_section_by_name(".symtab").get_symbol_by_name("kws_conv")[0]["st_value"]
            segments = [(s["p_vaddr"], s.data()) for s in elf.iter_segments() if s["p_type"] == "PT_LOAD"]
        self._uc = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
        self._uc.ctl_set_cpu_model(UC_CPU_ARM_CORTEX_M7)
        self._uc.mem_map(FLASH, 0x200000)
        self._uc.mem_map(RAM, 0x80000)
        for address, data in segments:
            self._uc.mem_write(address, data)
        self.instructions = 0
        """Executed by the last call, format validation included."""

    def conv(self, case: ConvCase, *, m7: bool, count: bool = False) -> np.ndarray:
        self._next = RAM
        batches, in_h, in_w, _ = case.input.shape
        output_bytes, scratch_bytes = int(np.prod(case.output_shape)), 1 << 15
        packed = case.packed
        pointers = [self._place(data) for data in (packed, case.input.tobytes(), case.bias.astype("<i4").tobytes())]
        output = self._place(bytes(output_bytes))
        scratch = self._place(b"\x7f" * scratch_bytes)
        call = struct.pack(
            "<5I3I7i", *pointers, output, scratch, len(packed), output_bytes, scratch_bytes,
            batches, in_h, in_w, case.input_zero_point, case.output_zero_point, int(m7), 0,
        )  # fmt: skip
        self._uc.reg_write(UC_ARM_REG_R0, self._place(call))
        self._uc.reg_write(UC_ARM_REG_SP, STACK_TOP)
        self._uc.reg_write(UC_ARM_REG_LR, RETURN | 1)
        self.instructions = 0
        hook = self._uc.hook_add(UC_HOOK_CODE, self._step) if count else None
        self._uc.ctl_flush_tb()  # code translated before knows nothing of the hook, or still calls it
        self._uc.emu_start(self._entry | 1, RETURN)
        if hook is not None:
            self._uc.hook_del(hook)
        assert self._uc.reg_read(UC_ARM_REG_R0) == 0
        return np.frombuffer(bytes(self._uc.mem_read(output, output_bytes)), np.int8).reshape(case.output_shape)

    def _step(self, *_: object) -> None:
        self.instructions += 1

    def _place(self, data: bytes) -> int:
        address = self._next
        self._uc.mem_write(address, data)
        self._next += (len(data) + 15) // 16 * 16
        assert self._next < STACK_TOP - 0x4000, "test case too large for the emulated RAM"
        return address
