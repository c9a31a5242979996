"""The sparse FULLY_CONNECTED kernels on the host (ctypes) and on an emulated Cortex-M7; random cases."""

from __future__ import annotations

import ctypes
import struct
from abc import ABC, abstractmethod
from pathlib import Path

import numpy as np
from conv_case import ConvCase, random_case
from elftools.elf.elffile import ELFFile
from host_library import OPS, ROOT, WARNINGS, compile_cpp, compiler
from hypothesis import strategies as st
from m7_target import FLAGS, FLASH, RAM, RETURN, STACK_TOP
from unicorn import UC_ARCH_ARM, UC_MODE_MCLASS, UC_MODE_THUMB, Uc
from unicorn.arm_const import UC_ARM_REG_LR, UC_ARM_REG_R0, UC_ARM_REG_SP, UC_CPU_ARM_CORTEX_M7

from kws_tflm.convert.packing import ConvGeometry, pack_index_list

SOURCES = (
    *sorted((OPS / "formats").glob("*.cc")),
    *sorted((OPS / "kernels").glob("sparse_fully_connected*.cc")),
    Path(__file__).with_name("sparse_fc_call.cc"),
)
GUARD = b"\x5a" * 16
SCRATCH_BYTES = 1 << 15
INPUTS, INPUT_BYTES = (0x60000000, 0x61000000, 0x62000000), 1 << 20
"""Memory of the packed weights, the input and the bias."""
BLOCKS, INDEX_LIST = "blocks", "index_list"


def packed(case: ConvCase, encoding: str) -> bytes:
    """The weights of `case` in one of the encodings."""
    if encoding == BLOCKS:
        return case.packed
    return pack_index_list(case.weights, case.multipliers, case.shifts, case.geometry)


class SparseFc(ABC):
    """One machine that runs `sparse_fc_call.cc`."""

    def run(self, case: ConvCase, encoding: str = BLOCKS, *, m7: bool = True, most_kind: int = 2) -> np.ndarray:
        """Output [batches, units]."""
        buffer, size = packed(case, encoding), case.input.shape[0] * case.weights.shape[0]
        status, output = self._call(
            [buffer, case.input.tobytes(), case.bias.astype("<i4").tobytes(), bytes(size) + GUARD],
            [len(buffer), SCRATCH_BYTES, case.input.shape[0], case.input_zero_point, case.output_zero_point, int(m7),
             most_kind],
        )  # fmt: skip
        assert status == 0, status
        assert output[size:] == GUARD, "wrote behind the output"
        return np.frombuffer(output[:size], np.int8).reshape(-1, case.weights.shape[0])

    @abstractmethod
    def _call(self, data: list[bytes], numbers: list[int]) -> tuple[int, bytes]:
        """Status and the last of `data` after the call."""


class HostSparseFc(SparseFc):
    def __init__(self, folder: Path) -> None:
        library = folder / "libsparse_fc.so"
        command = [compiler("g++", "g++"), "-std=c++17", "-O2", "-shared", "-fPIC", *WARNINGS, f"-I{ROOT}"]
        compile_cpp([*command, *map(str, SOURCES), "-o", str(library)])
        self._library = ctypes.CDLL(str(library))

    def _call(self, data: list[bytes], numbers: list[int]) -> tuple[int, bytes]:
        buffers = [np.frombuffer(item + bytes(-len(item) % 4), np.uint32).copy() for item in data]
        scratch = np.full(SCRATCH_BYTES // 4, 0x7F7F7F7F, np.uint32)
        pointers = [buffer.ctypes.data for buffer in (*buffers, scratch)]
        status = self._library.kws_sparse_fc(struct.pack(f"5P{len(numbers)}i", *pointers, *numbers))
        return status, buffers[-1].tobytes()[: len(data[-1])]


class EmulatedSparseFc(SparseFc):
    def __init__(self, folder: Path) -> None:
        image = folder / "sparse_fc.elf"
        cross = compiler("arm-none-eabi-g++", "gcc-arm-none-eabi libstdc++-arm-none-eabi-newlib")
        command = [cross, *FLAGS, "-std=c++17", "-O3", *WARNINGS, "-fno-exceptions", "-fno-rtti", f"-I{ROOT}"]
        command += [*map(str, SOURCES), "-nostartfiles", "--specs=nano.specs", "--specs=nosys.specs"]
        command += [f"-Wl,-Ttext={FLASH:#x},-Tdata={RAM:#x},-e,kws_sparse_fc", "-o", str(image)]
        compile_cpp(command)
        with image.open("rb") as file:
            elf = ELFFile(file)
            self._entry = elf.get_section_by_name(".symtab").get_symbol_by_name("kws_sparse_fc")[0]["st_value"]
            segments = [(s["p_vaddr"], s.data()) for s in elf.iter_segments() if s["p_type"] == "PT_LOAD"]
        self._uc = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
        self._uc.ctl_set_cpu_model(UC_CPU_ARM_CORTEX_M7)
        self._uc.mem_map(FLASH, 0x200000)
        self._uc.mem_map(RAM, 0x80000)
        for begin in INPUTS:
            self._uc.mem_map(begin, INPUT_BYTES)
        for address, content in segments:
            self._uc.mem_write(address, content)

    def _call(self, data: list[bytes], numbers: list[int]) -> tuple[int, bytes]:
        self._next = RAM
        pointers = [self._place_at_end(begin, item) for begin, item in zip(INPUTS, data, strict=False)]
        pointers += [self._place(item) for item in (data[-1], b"\x7f" * SCRATCH_BYTES)]
        self._uc.reg_write(UC_ARM_REG_R0, self._place(struct.pack(f"<5I{len(numbers)}i", *pointers, *numbers)))
        self._uc.reg_write(UC_ARM_REG_SP, STACK_TOP)
        self._uc.reg_write(UC_ARM_REG_LR, RETURN | 1)
        self._uc.emu_start(self._entry | 1, RETURN)
        status = struct.unpack("<i", struct.pack("<I", self._uc.reg_read(UC_ARM_REG_R0)))[0]
        return status, bytes(self._uc.mem_read(pointers[-2], len(data[-1])))

    def _place_at_end(self, begin: int, content: bytes) -> int:
        """Nothing is mapped behind it: a read beyond the end fails."""
        address = begin + INPUT_BYTES - len(content)
        self._uc.mem_write(address, content)
        return address

    def _place(self, content: bytes) -> int:
        address = self._next
        self._uc.mem_write(address, content)
        self._next += (len(content) + 15) // 16 * 16
        assert self._next < STACK_TOP - 0x4000, "test case too large for the emulated RAM"
        return address


def random_fc(
    rng: np.random.Generator,
    depth: int,
    units: int,
    density: float,
    block_shape: tuple[int, int] = (1, 4),
    batches: int = 1,
    clamp: tuple[int, int] = (-128, 127),
    extreme: bool = False,
    one_scale: bool = False,
) -> ConvCase:
    """A FULLY_CONNECTED as the 1x1 convolution that it is packed as; quantised per tensor or per channel."""
    case = random_case(
        rng,
        in_shape=(1, 1, depth),
        out_channels=units,
        density=density,
        block_shape=block_shape,
        geometry=ConvGeometry(activation_min=clamp[0], activation_max=clamp[1]),
        batches=batches,
        extreme=extreme,
    )
    if one_scale:
        case.multipliers[:], case.shifts[:] = case.multipliers[0], case.shifts[0]
    return case


@st.composite
def sparse_fc_cases(draw: st.DrawFn) -> ConvCase:
    """Any depth, units, density, block shape, batch, clamp and quantisation; rows from empty to full."""
    low, high = sorted((draw(st.integers(-128, 127)), draw(st.integers(-128, 127))))
    return random_fc(
        np.random.default_rng(draw(st.integers(0, 2**32 - 1))),
        depth=draw(st.one_of(st.integers(1, 40), st.sampled_from([64, 127, 600, 1500]))),
        units=draw(st.integers(1, 24)),
        density=draw(st.sampled_from([0.0, 0.02, 0.1, 0.25, 0.6, 1.0])),
        block_shape=draw(
            st.sampled_from([(1, 4), (1, 4), (2, 4), (4, 4), (1, 2), (2, 2), (4, 1), (1, 1), (3, 5), (1, 8), (16, 16)])
        ),
        batches=draw(st.integers(1, 3)),
        clamp=(low, high) if draw(st.booleans()) else (-128, 127),
        extreme=draw(st.booleans()),
        one_scale=draw(st.booleans()),
    )
