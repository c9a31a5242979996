"""The depthwise kernels compiled for the host (ctypes) and for an emulated Cortex-M7, behind the same calls."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from depthwise_case import DepthwiseCase
from elftools.elf.elffile import ELFFile
from host_library import OPS, ROOT, WARNINGS, compile_cpp, compiler
from m7_target import FLAGS, FLASH, RAM, RETURN, STACK_TOP
from unicorn import UC_ARCH_ARM, UC_MODE_MCLASS, UC_MODE_THUMB, Uc
from unicorn.arm_const import UC_ARM_REG_LR, UC_ARM_REG_R0, UC_ARM_REG_SP, UC_CPU_ARM_CORTEX_M7

SOURCES = [
    OPS / "formats" / "sparse_header.cc",
    *sorted((OPS / "formats").glob("row_pruned_*.cc")),
    *sorted((OPS / "kernels").glob("depthwise_*.cc")),
    OPS / "tests" / "depthwise_c_api.cc",
]
FUNCTIONS = ("kws_depthwise", "kws_row_pruned")
GUARD = 16
SCRATCH_BYTES = 1 << 15
Call = Callable[[str, list[bytes | int], list[int]], tuple[int, bytes]]


class Kernels:
    """Calls by name; `run` of a machine takes pointers (data, or a size to be filled) and integers."""

    def __init__(self, run: Call) -> None:
        self._run = run

    def dense(self, case: DepthwiseCase, *, forbid_narrow: bool = False) -> np.ndarray:
        """DepthwiseConv2dM7."""
        keys = (case.shifts.astype(np.int64) << 23).astype("<i4")
        data = [case.weights.tobytes(), case.bias.astype("<i4").tobytes(), case.multipliers.astype("<i4").tobytes()]
        return self._call("kws_depthwise", case, [*data, keys.tobytes()], 0, forbid_narrow or not _is_narrow(case))

    def row_pruned(self, case: DepthwiseCase, *, reference: bool = False, forbid_narrow: bool = False) -> np.ndarray:
        """RowPrunedDepthwiseM7 or the reference, from the packed buffer."""
        data = [case.packed, case.bias.astype("<i4").tobytes(), b"", b""]
        return self._call("kws_row_pruned", case, data, int(reference), forbid_narrow)

    def _call(self, name: str, case: DepthwiseCase, data: list[bytes], kernel: int, forbid_narrow: bool) -> np.ndarray:
        shape = case.output_shape
        size = int(np.prod(shape))
        pointers: list[bytes | int] = [case.input.tobytes(), *data, size + GUARD, SCRATCH_BYTES]
        numbers = [
            len(data[0]), size, SCRATCH_BYTES, *case.input.shape, *shape[1:], *case.weights.shape[:2], *case.stride,
            *case.dilation, case.axis(0)[1], case.axis(1)[1], case.input_zero_point, case.output_zero_point,
            *case.activation, kernel, int(forbid_narrow),
        ]  # fmt: skip
        status, output = self._run(name, pointers, numbers)
        assert status == 0, status
        assert output[size:] == b"\x5a" * GUARD, "wrote behind the output"
        return np.frombuffer(output[:size], np.int8).reshape(shape)


def _is_narrow(case: DepthwiseCase) -> bool:
    """ConvIsNarrow, a little stricter."""
    largest = np.abs(case.bias.astype(np.int64)).max() + 255 * 128 * case.weights[:, :, 0].size
    return bool(largest < 1 << 30 and np.all((case.shifts <= -1) & (case.shifts >= -22)))


def build_host_library(folder: Path, sources: Sequence[Path] = SOURCES) -> ctypes.CDLL:
    """The C interfaces of `custom_ops/tests`, compiled for this machine."""
    path = folder / "libdepthwise.so"
    command = [compiler("g++", "g++"), "-std=c++17", "-O2", "-shared", "-fPIC", *WARNINGS, f"-I{ROOT}"]
    compile_cpp([*command, *map(str, sources), "-o", str(path)])
    return ctypes.CDLL(str(path))


def host_runner(folder: Path, sources: Sequence[Path]) -> Call:
    """Calls the functions that `sources` define, on this machine."""
    library = build_host_library(folder, sources)

    def run(name: str, pointers: list[bytes | int], numbers: list[int]) -> tuple[int, bytes]:
        buffers = [_words(item) for item in pointers]
        fields = struct.pack(f"{len(buffers)}P{len(numbers)}i", *(b.ctypes.data for b in buffers), *numbers)
        status = getattr(library, name)(fields)
        return status, buffers[-2].tobytes()[: _size(pointers[-2])]

    return run


def host_kernels(folder: Path) -> Kernels:
    """Compiled for this machine: the portable twins of the assembly."""
    return Kernels(host_runner(folder, SOURCES))


def m7_runner(folder: Path, sources: Sequence[Path], functions: Sequence[str]) -> Call:
    """Calls `functions`, which `sources` define, on an emulated Cortex-M7."""
    return _Machine(folder, sources, functions).run


def _words(item: bytes | int) -> np.ndarray:
    """Word-aligned memory with `item`, or of that size; contents before the call do not matter but for the guard."""
    data = item if isinstance(item, bytes) else b"\x5a" * item
    return np.frombuffer(data + bytes(-len(data) % 4 + 4), np.uint32).copy()


def _size(item: bytes | int) -> int:
    return item if isinstance(item, int) else len(item)


class _Machine:
    """The image of all calls on an emulated Cortex-M7."""

    def __init__(self, folder: Path, sources: Sequence[Path], functions: Sequence[str]) -> None:
        image = folder / "depthwise.elf"
        cross = compiler("arm-none-eabi-g++", "gcc-arm-none-eabi libstdc++-arm-none-eabi-newlib")
        command = [cross, *FLAGS, "-std=c++17", "-O3", *WARNINGS, "-fno-exceptions", "-fno-rtti", f"-I{ROOT}"]
        command += ["-ffunction-sections", *map(str, sources), "-nostartfiles", "--specs=nano.specs"]
        command += ["--specs=nosys.specs", f"-Wl,-Ttext={FLASH:#x},-Tdata={RAM:#x},-e,{functions[0]}", "-o", str(image)]
        compile_cpp(command)
        with image.open("rb") as file:
            elf = ELFFile(file)
            table = elf.get_section_by_name(".symtab")
            self._entries = {name: table.get_symbol_by_name(name)[0]["st_value"] for name in functions}
            segments = [(s["p_vaddr"], s.data()) for s in elf.iter_segments() if s["p_type"] == "PT_LOAD"]
        self._uc = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
        self._uc.ctl_set_cpu_model(UC_CPU_ARM_CORTEX_M7)
        self._uc.mem_map(FLASH, 0x200000)
        self._uc.mem_map(RAM, 0x80000)
        for address, data in segments:
            self._uc.mem_write(address, data)

    def run(self, name: str, pointers: list[bytes | int], numbers: list[int]) -> tuple[int, bytes]:
        self._next = RAM
        addresses = [self._place(item if isinstance(item, bytes) else b"\x5a" * item) for item in pointers]
        call = self._place(struct.pack(f"<{len(addresses)}I{len(numbers)}i", *addresses, *numbers))
        self._uc.reg_write(UC_ARM_REG_R0, call)
        self._uc.reg_write(UC_ARM_REG_SP, STACK_TOP)
        self._uc.reg_write(UC_ARM_REG_LR, RETURN | 1)
        self._uc.emu_start(self._entries[name] | 1, RETURN)
        status = struct.unpack("<i", struct.pack("<I", self._uc.reg_read(UC_ARM_REG_R0)))[0]
        return status, bytes(self._uc.mem_read(addresses[-2], _size(pointers[-2])))

    def _place(self, data: bytes) -> int:
        address = self._next
        self._uc.mem_write(address, data)
        self._next += (len(data) + 15) // 16 * 16
        assert self._next < STACK_TOP - 0x4000, "test case too large for the emulated RAM"
        return address


def m7_kernels(folder: Path) -> Kernels:
    """Compiled for the Cortex-M7, assembly included."""
    return Kernels(m7_runner(folder, SOURCES, FUNCTIONS))
