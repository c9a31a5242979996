"""The front end as the firmware compiles it, run on an emulated Cortex-M7."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from pathlib import Path

import numpy as np
from elftools.elf.elffile import ELFFile
from feature_native import ROOT, SOURCES
from unicorn import UC_ARCH_ARM, UC_HOOK_CODE, UC_MODE_MCLASS, UC_MODE_THUMB, Uc
from unicorn.arm_const import UC_ARM_REG_LR, UC_ARM_REG_SP, UC_CPU_ARM_CORTEX_M7

from kws_tflm.config import FeatureConfig
from kws_tflm.features.tables import make_tables, write_cpp, write_header

FLASH, RAM, STACK_TOP, RETURN = 0x08000000, 0x20000000, 0x2007FF00, 0x081FFFF0
M7_FLAGS = ("-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard")


def build_image(folder: Path, config: FeatureConfig) -> Path:
    compiler = shutil.which("arm-none-eabi-g++")
    assert compiler, "the cross compiler is needed: apt-get install gcc-arm-none-eabi libstdc++-arm-none-eabi-newlib"
    tables = make_tables(config)
    (folder / "generated_tables.h").write_text(write_header(tables, "test"), encoding="utf-8")
    (folder / "generated_tables.cc").write_text(write_cpp(tables, "test"), encoding="utf-8")
    image = folder / "image.elf"
    sources = [
        *SOURCES.glob("*.cc"),
        folder / "generated_tables.cc",
        Path(__file__).with_name("feature_target_image.cc"),
    ]
    command = [compiler, *M7_FLAGS, "-std=c++17", "-O3", "-Wall", "-Wextra", "-Werror", "-fno-exceptions", "-fno-rtti"]
    command += ["-ffunction-sections", "-fdata-sections", f"-I{ROOT}", f"-I{folder}"]
    command += [str(s) for s in sources if s.name != "default_tables.cc"]
    command += ["-nostartfiles", "--specs=nano.specs", "--specs=nosys.specs", f"-Wl,-Ttext={FLASH:#x},-Tdata={RAM:#x}"]
    command += ["-Wl,--gc-sections,-e,compute_column", "-o", str(image)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return image


class CortexM7:
    """Runs functions of `image`, counting instructions by function."""

    def __init__(self, image: Path) -> None:
        with image.open("rb") as file:
            elf = ELFFile(file)
            symbols = list(elf.get_section_by_name(".symtab").iter_symbols())
            segments = [(s["p_vaddr"], s.data()) for s in elf.iter_segments() if s["p_type"] == "PT_LOAD"]
        self.symbols = {s.name: s["st_value"] for s in symbols}
        self._functions = [
            (s["st_value"] & ~1, s["st_size"], s.name) for s in symbols if s["st_info"]["type"] == "STT_FUNC"
        ]
        self._addresses: Counter[int] = Counter()
        self._uc = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
        self._uc.ctl_set_cpu_model(UC_CPU_ARM_CORTEX_M7)
        self._uc.mem_map(FLASH, 0x200000)
        self._uc.mem_map(RAM, 0x80000)
        for address, data in segments:
            self._uc.mem_write(address, data)
        self._uc.hook_add(UC_HOOK_CODE, lambda _uc, address, _size, _data: self._addresses.update((address,)))

    def call(self, function: str) -> int:
        """Instructions executed."""
        self._addresses.clear()
        self._uc.reg_write(UC_ARM_REG_SP, STACK_TOP)
        self._uc.reg_write(UC_ARM_REG_LR, RETURN | 1)
        self._uc.emu_start(self.symbols[function] | 1, RETURN)
        return self._addresses.total()

    def instructions_by_function(self) -> Counter[str]:
        """Of the last call, mangled names."""
        result: Counter[str] = Counter()
        for address, count in self._addresses.items():
            owner = next(name for start, size, name in self._functions if start <= address < start + size)
            result[owner] += count
        return result

    def write(self, symbol: str, values: np.ndarray) -> None:
        self._uc.mem_write(self.symbols[symbol], values.tobytes())

    def read(self, symbol: str, count: int) -> np.ndarray:
        return np.frombuffer(self._uc.mem_read(self.symbols[symbol], 2 * count), np.int16)
