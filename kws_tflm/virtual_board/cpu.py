"""The Cortex-M7 core on Unicorn: registers, running a slice, and why it stopped.

Unicorn knows the instructions; what ARMv7-M does around them (exceptions, sleep) is in `exceptions.py`
and `board.py`.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

import capstone
import unicorn.arm_const as arm
from unicorn import (
    UC_ARCH_ARM,
    UC_ERR_FETCH_PROT,
    UC_ERR_FETCH_UNMAPPED,
    UC_ERR_INSN_INVALID,
    UC_ERR_READ_UNALIGNED,
    UC_ERR_READ_UNMAPPED,
    UC_ERR_WRITE_PROT,
    UC_ERR_WRITE_UNALIGNED,
    UC_ERR_WRITE_UNMAPPED,
    UC_HOOK_INTR,
    UC_HOOK_MEM_INVALID,
    UC_MODE_MCLASS,
    UC_MODE_THUMB,
    Uc,
    UcError,
)
from unicorn.unicorn_py3 import unicorn as binding

from kws_tflm.errors import BoardError
from kws_tflm.virtual_board.block_counter import BlockCounter
from kws_tflm.virtual_board.register_batch import RegisterBatch

_library = binding.uclib
# No code lives at the end of the address space, so the emulation never reaches this "until" address.
_UNTIL = 0xFFFFFFFE
_CORE = [getattr(arm, f"UC_ARM_REG_R{i}") for i in range(13)]
_FLOATS = [*(arm.UC_ARM_REG_S0 + i for i in range(16)), arm.UC_ARM_REG_FPSCR]
_CONTEXT = [
    *_CORE, arm.UC_ARM_REG_SP, arm.UC_ARM_REG_LR,
    *(arm.UC_ARM_REG_S0 + i for i in range(32)), arm.UC_ARM_REG_FPSCR,
]  # fmt: skip
_MASKS = [arm.UC_ARM_REG_PRIMASK, arm.UC_ARM_REG_BASEPRI, arm.UC_ARM_REG_FAULTMASK]
_FETCH = (UC_ERR_FETCH_UNMAPPED, UC_ERR_FETCH_PROT)
_DATA = (UC_ERR_READ_UNMAPPED, UC_ERR_WRITE_UNMAPPED, UC_ERR_WRITE_PROT)
_UNALIGNED = (UC_ERR_READ_UNALIGNED, UC_ERR_WRITE_UNALIGNED)
THUMB = 1 << 24


@dataclass(frozen=True)
class Stop:
    """Why a slice ended. `reason` is one of

    - ``boundary``: a deadline, or a trait that the caller asked to stop at
    - ``exception return``, ``svc``, ``breakpoint``
    - ``undefined``, ``not thumb``, ``fetch``, ``data``, ``unaligned``: a fault at `pc`, `address` if it has one
    """

    reason: str
    pc: int = 0
    address: int | None = None


class Cpu:
    """Registers and execution."""

    def __init__(self, counter: BlockCounter) -> None:
        self.engine: Any = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
        self.engine.ctl_set_cpu_model(arm.UC_CPU_ARM_CORTEX_M7)
        self._counter = counter
        self._cell = ctypes.c_uint32()
        self._cell_pointer = ctypes.byref(self._cell)
        self._core = RegisterBatch(self.engine, _CORE)
        self._floats = RegisterBatch(self.engine, _FLOATS)
        self._masks = RegisterBatch(self.engine, _MASKS)
        self._number: int | None = None
        self._address: int | None = None
        self._error: BaseException | None = None
        self.timed = False  # the clock is the cycle model's, not the count of instructions
        self.engine.hook_add(UC_HOOK_INTR, self._on_interrupt)
        self.engine.hook_add(UC_HOOK_MEM_INVALID, self._on_invalid)
        counter.attach(self.engine)
        self._disassembler = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)
        self._disassembler.detail = True

    # Registers --------------------------------------------------------------------------------

    # Straight to the C library: the binding's reg_read costs several times as much.

    def get(self, register: int) -> int:
        """Value of a 32-bit Unicorn register."""
        _library.uc_reg_read(self.engine._uch, register, self._cell_pointer)
        return self._cell.value

    def set(self, register: int, value: int) -> None:
        """Write a 32-bit Unicorn register."""
        self._cell.value = value
        _library.uc_reg_write(self.engine._uch, register, self._cell_pointer)

    @property
    def pc(self) -> int:
        """Address of the next instruction (bit 0 clear)."""
        return self.get(arm.UC_ARM_REG_PC) & ~1

    @property
    def exception(self) -> int:
        """IPSR: number of the exception being handled, 0 in thread mode."""
        return self.get(arm.UC_ARM_REG_IPSR) & 0x1FF

    def masks(self) -> tuple[int, int, int]:
        """(PRIMASK, BASEPRI, FAULTMASK)."""
        primask, basepri, faultmask = self._masks.read()
        return primask & 1, basepri & 0xFF, faultmask & 1

    def core_registers(self) -> list[int]:
        """R0 to R12."""
        return self._core.read()

    def float_registers(self) -> list[int]:
        """S0 to S15, FPSCR."""
        return self._floats.read()

    def set_float_registers(self, values: list[int]) -> None:
        """Write S0 to S15, FPSCR."""
        self._floats.write(values)

    def context(self) -> list[int]:
        """PC, R0 to R12, SP, LR, S0 to S31, FPSCR; for `set_context`."""
        return [self.pc, *map(self.get, _CONTEXT)]

    def set_context(self, values: list[int]) -> None:
        """Go on where `context` was taken, in a callback of the engine too."""
        for register, value in zip(_CONTEXT, values[1:], strict=True):
            self.set(register, value)
        self.set(arm.UC_ARM_REG_PC, values[0] | 1)

    def reset(self, stack: int, entry: int) -> None:
        """Registers after reset (ARMv7-M ARM B1.5.5)."""
        for register in (
            arm.UC_ARM_REG_CONTROL,
            arm.UC_ARM_REG_PRIMASK,
            arm.UC_ARM_REG_BASEPRI,
            arm.UC_ARM_REG_FAULTMASK,
        ):
            self.set(register, 0)
        self.set(arm.UC_ARM_REG_XPSR, THUMB)
        for register in _CORE:
            self.set(register, 0)
        self.set(arm.UC_ARM_REG_LR, 0xFFFFFFFF)
        self.set(arm.UC_ARM_REG_PSP, 0)
        self.set(arm.UC_ARM_REG_SP, stack & ~3)
        self.set(arm.UC_ARM_REG_PC, entry | 1)

    # Execution --------------------------------------------------------------------------------

    def run(self) -> Stop:
        """Run from PC until something stops it; whole blocks, except up to a fault."""
        self._number = self._address = None
        state = self._counter.state
        state.traits = 0
        state.blocked = 0
        try:
            self.engine.emu_start(self.get(arm.UC_ARM_REG_PC) | 1, _UNTIL)
        except UcError as error:
            self._raise_error()
            return self._stopped_by(error.errno)
        self._raise_error()
        if self._number is None:
            return Stop("boundary")
        return self._stopped_by_interrupt(self._number)

    def fail(self, error: BaseException) -> None:
        """Called from a callback of the engine: `run` stops and raises `error`."""
        self._error = self._error or error
        self.engine.emu_stop()

    def _raise_error(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _stopped_by_interrupt(self, number: int) -> Stop:
        if number == 8:  # EXCP_EXCEPTION_EXIT
            return Stop("exception return", self.pc | 1)
        if number == 2:
            return Stop("svc", self.pc)
        if number == 7:
            return self._fault("breakpoint")
        if number == 3:  # EXCP_PREFETCH_ABORT: peripherals cannot be executed
            return Stop("fetch", self.pc, self.pc)
        if number == 18:  # EXCP_INVSTATE
            return self._fault("not thumb")
        if number in (1, 17):  # EXCP_UDEF, EXCP_NOCP
            return self._fault("undefined")
        raise BoardError(f"Unicorn raised exception {number} at 0x{self.pc:08x}, which the virtual board does not know")

    def _stopped_by(self, errno: int) -> Stop:
        if errno == UC_ERR_INSN_INVALID:
            if self._is_hint():
                return Stop("boundary")
            thumb = self.get(arm.UC_ARM_REG_XPSR) & THUMB
            return self._fault("undefined" if thumb else "not thumb")
        if errno in _FETCH:
            return Stop("fetch", self.pc, self.pc)
        if errno in _DATA:
            return self._fault("data")
        if errno in _UNALIGNED:
            return self._fault("unaligned")
        raise BoardError(f"Unicorn stopped at 0x{self.pc:08x}: {UcError(errno)}")

    def _is_hint(self) -> bool:
        # Unicorn ends WFE and YIELD as "invalid instruction", with PC already behind them.
        try:
            opcode = int.from_bytes(self.engine.mem_read(self.pc - 2, 2), "little")
        except UcError:
            return False
        state = self._counter.state
        ends_block = state.block_address + state.block_size == self.pc
        return ends_block and opcode in (0xBF20, 0xBF10)

    def _fault(self, reason: str) -> Stop:
        pc = self.pc
        self._take_back(pc)
        return Stop(reason, pc, self._address)

    def _take_back(self, pc: int) -> None:
        """The block was counted whole when it began: take back what comes from `pc` on."""
        state = self._counter.state
        start, end = state.block_address, state.block_address + state.block_size
        if start <= pc < end:
            code = bytes(self.engine.mem_read(pc, end - pc))
            count = count_instructions(code)
            state.instructions -= count
            if not self.timed:
                state.clock -= count

    def access_pc(self, address: int) -> int:
        """Address of the instruction of the present block that accesses `address`.

        During an access Unicorn knows the block only; the load or store is found by its effective address.
        Falls back to the start of the block.
        """
        state = self._counter.state
        code = bytes(self.engine.mem_read(state.block_address, state.block_size))
        for instruction in self._disassembler.disasm(code, state.block_address):
            for operand in instruction.operands:
                if operand.type == capstone.arm.ARM_OP_MEM and self._effective(instruction, operand.mem) == address:
                    return int(instruction.address)
        return int(state.block_address)

    def _effective(self, instruction: Any, memory: Any) -> int:
        def value(register: int) -> int:
            name = instruction.reg_name(register).upper()
            name = {"SB": "R9", "SL": "R10", "FP": "R11", "IP": "R12"}.get(name, name)
            return self.get(getattr(arm, f"UC_ARM_REG_{name}"))

        index = value(memory.index) << memory.lshift if memory.index else 0
        return int(value(memory.base) + index + memory.disp) & 0xFFFFFFFF

    def _on_interrupt(self, engine: Any, number: int, user: Any) -> None:
        self._number = number
        engine.emu_stop()

    def _on_invalid(self, engine: Any, access: int, address: int, size: int, value: int, user: Any) -> bool:
        self._address = address
        return False


def count_instructions(code: bytes) -> int:
    """Thumb-2 instructions in `code`."""
    count = at = 0
    while at + 2 <= len(code):
        at += 4 if code[at + 1] >> 3 >= 0x1D else 2
        count += 1
    return count
