"""Exception entry and return of ARMv7-M with the floating-point extension (ARMv7-M ARM B1.5.6 to B1.5.8).

The frame is 8 words, or 26 with S0-S15 and FPSCR when the interrupted code has used the FPU
(CONTROL.FPCA). Stacking takes no time on this board.
"""

from __future__ import annotations

import struct

import unicorn.arm_const as arm

from kws_tflm.virtual_board import fault
from kws_tflm.virtual_board.cpu import THUMB, Cpu
from kws_tflm.virtual_board.memory_map import MemoryBanks
from kws_tflm.virtual_board.peripherals import nvic as n
from kws_tflm.virtual_board.peripherals.fpu import Fpu
from kws_tflm.virtual_board.peripherals.nvic import Nvic
from kws_tflm.virtual_board.peripherals.scb import Scb
from kws_tflm.virtual_board.register_batch import RegisterBatch

_BASIC_WORDS, _EXTENDED_WORDS = 8, 26
_SPSEL, _FPCA = 2, 4
_PADDED = 1 << 9  # of the stacked xPSR: the stack was aligned down by 4
_VALID_RETURNS = {base | low for base in (0xFFFFFFE0, 0xFFFFFFF0) for low in (0x1, 0x9, 0xD)}
_STACKED = (
    arm.UC_ARM_REG_R0,
    arm.UC_ARM_REG_R1,
    arm.UC_ARM_REG_R2,
    arm.UC_ARM_REG_R3,
    arm.UC_ARM_REG_R12,
    arm.UC_ARM_REG_LR,
    arm.UC_ARM_REG_PC,
    arm.UC_ARM_REG_XPSR,
)


class StackingError(Exception):
    """The frame does not fit into memory, or a return is not valid; `cfsr` names the fault."""

    def __init__(self, message: str, cfsr: int) -> None:
        super().__init__(message)
        self.cfsr = cfsr


class ExceptionUnit:
    """Moves the processor into handlers and back."""

    def __init__(self, cpu: Cpu, banks: MemoryBanks, nvic: Nvic, scb: Scb, fpu: Fpu) -> None:
        self._cpu = cpu
        self._banks = banks
        self._frame = RegisterBatch(cpu.engine, _STACKED)
        self._core = RegisterBatch(cpu.engine, _STACKED[:6])
        self._nvic = nvic
        self._scb = scb
        self._fpu = fpu

    def next_exception(self) -> int | None:
        """The exception that is to be taken now, or None."""
        if self._nvic.pending == 0:
            return None
        return self._nvic.next_exception(self._nvic.execution_priority(*self._cpu.masks()))

    def wakes(self) -> bool:
        """A pending exception ends WFI: PRIMASK does not keep the processor asleep."""
        _, basepri, faultmask = self._cpu.masks()
        return self._nvic.next_exception(self._nvic.execution_priority(0, basepri, faultmask)) is not None

    def enter(self, exception: int, *, without_frame: bool = False) -> None:
        """Stack the context and start the handler of `exception`.

        `without_frame` is for the HardFault after stacking itself has failed: the processor moves the stack
        pointer and starts the handler although nothing could be stored.

        Raises:
            StackingError: the stack or the vector is not in memory.
        """
        cpu = self._cpu
        control = cpu.get(arm.UC_ARM_REG_CONTROL)
        extended = bool(control & _FPCA) and self._fpu.automatic_state
        self._push(extended, store=not without_frame)
        handler_mode = cpu.exception != 0
        lr = 0xFFFFFFE1 if extended else 0xFFFFFFF1
        if not handler_mode:
            lr |= 0xC if control & _SPSEL else 0x8
        cpu.set(arm.UC_ARM_REG_CONTROL, control & ~(_SPSEL | _FPCA))
        cpu.set(arm.UC_ARM_REG_XPSR, THUMB | exception)
        cpu.set(arm.UC_ARM_REG_LR, lr)
        self._nvic.enter(exception)
        vector = self._vector(exception)
        cpu.set(arm.UC_ARM_REG_PC, vector | 1)

    def leave(self, exc_return: int) -> None:
        """Return from the present handler with the EXC_RETURN value that was branched to.

        Raises:
            StackingError: EXC_RETURN or the frame is not valid.
        """
        cpu, nvic = self._cpu, self._nvic
        current = cpu.exception
        if exc_return not in _VALID_RETURNS or not nvic.active >> current & 1:
            raise StackingError(f"invalid exception return 0x{exc_return:08x}", fault.INVPC)
        nvic.leave(current)
        if current != n.NMI:
            cpu.set(arm.UC_ARM_REG_FAULTMASK, 0)
        to_thread, process_stack = bool(exc_return & 8), bool(exc_return & 4)
        if to_thread != (nvic.active == 0):
            raise StackingError(f"exception return 0x{exc_return:08x} does not match the active handlers", fault.INVPC)
        extended = not exc_return & 0x10
        pc, xpsr = self._pop(process_stack, extended)
        if to_thread != (xpsr & 0x1FF == 0):
            raise StackingError(f"exception return to a frame with xPSR 0x{xpsr:08x}", fault.INVPC)
        control = cpu.get(arm.UC_ARM_REG_CONTROL) & ~(_SPSEL | _FPCA)
        cpu.set(arm.UC_ARM_REG_XPSR, xpsr & ~_PADDED)
        cpu.set(arm.UC_ARM_REG_CONTROL, control | (_SPSEL if process_stack else 0) | (_FPCA if extended else 0))
        cpu.set(arm.UC_ARM_REG_PC, pc | 1)

    def _push(self, extended: bool, *, store: bool) -> None:
        cpu = self._cpu
        words = self._frame.read()
        sp = cpu.get(arm.UC_ARM_REG_SP)
        count = _EXTENDED_WORDS if extended else _BASIC_WORDS
        frame = sp - 4 * count
        padded = bool(frame & 4)
        words[6] &= ~1
        words[7] = words[7] & ~_PADDED | (_PADDED if padded else 0)
        if extended:
            words += [*cpu.float_registers(), 0]
        frame -= 4 if padded else 0
        if store and not self._banks.write(frame, struct.pack(f"<{count}I", *words)):
            raise StackingError(f"stack overflow: no memory for the frame at 0x{frame & 0xFFFFFFFF:08x}", 1 << 12)
        cpu.set(arm.UC_ARM_REG_SP, frame)

    def _pop(self, process_stack: bool, extended: bool) -> tuple[int, int]:
        """Restore the registers of a frame; returns (pc, xpsr)."""
        cpu = self._cpu
        register = arm.UC_ARM_REG_PSP if process_stack else arm.UC_ARM_REG_SP
        frame = cpu.get(register)
        count = _EXTENDED_WORDS if extended else _BASIC_WORDS
        stored = self._banks.read(frame, 4 * count)
        if stored is None:
            raise StackingError(f"no memory for the frame to return to at 0x{frame:08x}", 1 << 11)
        words = struct.unpack(f"<{count}I", stored)
        self._core.write(words[:6])
        if extended:
            cpu.set_float_registers(list(words[8:25]))
        pc, xpsr = words[6], words[7]
        cpu.set(register, frame + 4 * count + (4 if xpsr & _PADDED else 0))
        return pc & ~1, xpsr

    def _vector(self, exception: int) -> int:
        entry = self._banks.read(self._scb.vector_table + 4 * exception, 4)
        if entry is None:
            raise StackingError(f"no memory at the vector of exception {exception}", 0)
        return int.from_bytes(entry, "little")
