"""Whole models on an emulated Cortex-M7: TFLM for the target with its kernels, ours or CMSIS-NN's."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from capstone import CS_ARCH_ARM, CS_MODE_MCLASS, CS_MODE_THUMB, Cs
from elftools.elf.elffile import ELFFile
from host_library import OPS, ROOT, WARNINGS, compile_cpp, compiler
from m7_target import FLAGS
from unicorn import UC_ARCH_ARM, UC_HOOK_BLOCK, UC_MODE_MCLASS, UC_MODE_THUMB, Uc
from unicorn.arm_const import UC_ARM_REG_LR, UC_ARM_REG_R0, UC_ARM_REG_SP, UC_CPU_ARM_CORTEX_M7

from kws_tflm.firmware.build import crate_folder
from kws_tflm.firmware.toolchain import cmake_build, exclusive

FLASH, RAM, STACK_TOP, RETURN = 0x08000000, 0x20000000, 0x207FFF00, 0x081FFFF0
RAM_BYTES = 0x800000
DATA = RAM + 0x100000
ARENA_BYTES = 1 << 20
TFLM_FOLDERS = ("", "flatbuffers/include", "gemmlowp", "kissfft", "ruy")
DEFINES = ("TF_LITE_STATIC_MEMORY", "TF_LITE_MCU_DEBUG_LOG", "GEMMLOWP_ALLOW_SLOW_SCALAR_FALLBACK", "KWS_KERNELS_M7=1")
KERNELS = {"reference": 0, "m7": 1, "cmsis_nn": 2}


@dataclass(frozen=True)
class TargetRun:
    output: np.ndarray
    arena_used: int
    layers: list[int]
    """Instructions of each operator in the order of the graph; empty when not counted."""


class M7Interpreter:
    """One image for all models, built once.

    `cmsis_nn` and `tflm` are prefixes (docs/kernels.md, docs/tflm_versions.md); without the first there is no
    `cmsis_nn` kernel, without the second TFLM is that of TFLM_ROOT in the environment, else the crate's.
    """

    def __init__(self, folder: Path, cmsis_nn: Path | None = None, tflm: Path | None = None) -> None:
        image = folder / "dense.elf"
        if tflm is None and os.environ.get("TFLM_ROOT"):
            tflm = Path(os.environ["TFLM_ROOT"])
        _compile(image, cmsis_nn, tflm)
        with image.open("rb") as file:
            elf = ELFFile(file)
            table = elf.get_section_by_name(".symtab")
            self._entry = table.get_symbol_by_name("run_model")[0]["st_value"]
            self._mark = table.get_symbol_by_name("kws_mark")[0]["st_value"] & ~1
            segments = [(s["p_vaddr"], s.data()) for s in elf.iter_segments() if s["p_type"] == "PT_LOAD"]
        self._uc = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
        self._uc.ctl_set_cpu_model(UC_CPU_ARM_CORTEX_M7)
        self._uc.mem_map(FLASH, 0x200000)
        self._uc.mem_map(RAM, RAM_BYTES)
        for address, data in segments:
            self._uc.mem_write(address, data)
        self._disassembler = Cs(CS_ARCH_ARM, CS_MODE_THUMB | CS_MODE_MCLASS)
        self._block_instructions: dict[tuple[int, int], int] = {}

    def run(self, model: bytes, values: np.ndarray, output_shape: tuple[int, ...], *, m7: bool = True,
            kernels: str | None = None, count: bool = False) -> TargetRun:  # fmt: skip
        """`kernels` is one of KERNELS; `m7` chooses between the first two."""
        choice = KERNELS[kernels or ("m7" if m7 else "reference")]
        self._next = DATA
        output_bytes = int(np.prod(output_shape))
        addresses = [self._place(model), self._place(bytes(ARENA_BYTES)), self._place(values.tobytes())]
        addresses.append(self._place(bytes(output_bytes)))
        call = self._place(struct.pack("<7IiI", *addresses, ARENA_BYTES, values.size, output_bytes, choice, 0))
        self._uc.reg_write(UC_ARM_REG_R0, call)
        self._uc.reg_write(UC_ARM_REG_SP, STACK_TOP)
        self._uc.reg_write(UC_ARM_REG_LR, RETURN | 1)
        self._layers: list[int] = []
        hook = self._uc.hook_add(UC_HOOK_BLOCK, self._block) if count else None
        self._uc.ctl_flush_tb()  # code translated before knows nothing of the hook, or still calls it
        self._uc.emu_start(self._entry | 1, RETURN)
        if hook is not None:
            self._uc.hook_del(hook)
        status = self._uc.reg_read(UC_ARM_REG_R0)
        assert status == 0, f"run_model: {status}"
        arena_used = struct.unpack("<I", self._uc.mem_read(call + 32, 4))[0]
        result = np.frombuffer(bytes(self._uc.mem_read(addresses[3], output_bytes)), np.int8).reshape(output_shape)
        return TargetRun(result, arena_used, self._layers)

    def _block(self, _uc: Uc, address: int, size: int, _data: object) -> None:
        if address == self._mark:
            self._layers.append(0)
        if not self._layers:
            return
        key = (address, size)
        instructions = self._block_instructions.get(key)
        if instructions is None:
            code = bytes(self._uc.mem_read(address, size))
            instructions = sum(1 for _ in self._disassembler.disasm_lite(code, address))
            self._block_instructions[key] = instructions
        self._layers[-1] += instructions

    def _place(self, data: bytes) -> int:
        address = self._next
        self._uc.mem_write(address, data)
        self._next += (len(data) + 15) // 16 * 16
        assert self._next < STACK_TOP - 0x10000, "test case too large for the emulated RAM"
        return address


def _compile(image: Path, cmsis_nn: Path | None, tflm: Path | None) -> None:
    if tflm is None:
        library = _tflm_library()
        crate = crate_folder(ROOT) / "submodules" / "tensorflow"
        downloads = crate / "tensorflow" / "lite" / "micro" / "tools" / "make" / "downloads"
        includes = [f"-isystem{crate if not name else downloads / name}" for name in TFLM_FOLDERS]
    else:
        library = tflm / "lib" / "libtensorflow-microlite.a"
        includes = [f"-isystem{tflm / 'include' if not name else tflm / 'third_party' / name}" for name in TFLM_FOLDERS]
    folders = ["formats", "kernels", "tflm"]
    libraries = [str(library)]
    if cmsis_nn is not None:
        folders.append("tflm/cmsis_nn")
        includes += [f"-isystem{cmsis_nn / 'include'}", "-DKWS_KERNELS_CMSIS_NN=1"]
        libraries.append(str(cmsis_nn / "lib" / "libcmsis-nn.a"))
    cross = compiler("arm-none-eabi-g++", "gcc-arm-none-eabi libstdc++-arm-none-eabi-newlib")
    sources = [p for part in folders for p in sorted((OPS / part).glob("*.cc"))]
    sources.append(Path(__file__).with_name("dense_target_image.cc"))
    command = [cross, *FLAGS, "-std=c++17", "-O3", *WARNINGS, "-fno-exceptions", "-fno-rtti"]
    command += ["-fno-threadsafe-statics", "-ffunction-sections", "-DNDEBUG", f"-I{ROOT}", *includes]
    command += [f"-D{define}" for define in DEFINES]
    command += [*map(str, sources), *libraries, "-nostartfiles", "--specs=nano.specs", "--specs=nosys.specs"]
    command += [f"-Wl,-Ttext={FLASH:#x},-Tdata={RAM:#x},--gc-sections,-e,run_model", "-o", str(image)]
    compile_cpp(command)


def _tflm_library() -> Path:
    """The firmware's own library, built when it is not there."""
    folder = ROOT / "build" / "firmware" / "tflm"
    with exclusive(folder):
        settings = {"TFLM_CRATE_DIR": str(crate_folder(ROOT))}
        cmake_build(ROOT / "stm32f7_app" / "tflm", folder, settings, "TensorFlow Lite Micro", lambda _line: None)
    return folder / "libtflm.a"
