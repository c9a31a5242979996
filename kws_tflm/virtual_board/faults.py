"""From a fault of the core to the handler of the firmware, with a report for the host."""

from __future__ import annotations

import dataclasses
import struct

import unicorn.arm_const as arm

from kws_tflm.errors import BoardError
from kws_tflm.virtual_board import fault, memory_map
from kws_tflm.virtual_board.cpu import Cpu, Stop
from kws_tflm.virtual_board.elf_image import ElfImage
from kws_tflm.virtual_board.exceptions import ExceptionUnit, StackingError
from kws_tflm.virtual_board.fault import FaultReport
from kws_tflm.virtual_board.memory_map import MemoryBanks
from kws_tflm.virtual_board.peripherals import nvic as n
from kws_tflm.virtual_board.peripherals.nvic import Nvic
from kws_tflm.virtual_board.peripherals.scb import Scb

_TRACE_WORDS = 256
_TRACE_ENTRIES = 8


class LockUpError(BoardError):
    """The processor locks up: a fault while the handler of a fault runs. `report` has the details."""

    def __init__(self, report: FaultReport) -> None:
        super().__init__(f"the processor locks up: {report.summary}")
        self.report = report


class FaultUnit:
    """Describes faults, sets the fault status registers and starts the right handler."""

    def __init__(
        self, cpu: Cpu, image: ElfImage, banks: MemoryBanks, nvic: Nvic, scb: Scb, unit: ExceptionUnit
    ) -> None:
        self._cpu = cpu
        self._image = image
        self._banks = banks
        self._nvic = nvic
        self._scb = scb
        self._unit = unit

    def deliver(self, stop: Stop, seconds: float) -> FaultReport:
        """Enter the handler for the fault `stop`; returns what the host reports.

        Raises:
            LockUpError: a fault in the fault handler.
        """
        what, exception, cfsr = self._classify(stop)
        return self._enter(what, exception, cfsr, stop.address if exception == n.BUS_FAULT else None, seconds)

    def deliver_stacking(self, error: StackingError, seconds: float) -> FaultReport:
        """The same for a fault of exception entry or return."""
        exception = n.USAGE_FAULT if error.cfsr & fault.INVPC else n.BUS_FAULT
        return self._enter(str(error), exception, error.cfsr, None, seconds)

    def _enter(self, what: str, exception: int, cfsr: int, address: int | None, seconds: float) -> FaultReport:
        scb = self._scb
        level = self._nvic.execution_priority(*self._cpu.masks())
        configurable = exception in (n.MEM_MANAGE, n.BUS_FAULT, n.USAGE_FAULT)
        own = configurable and scb.fault_enabled(exception) and self._nvic.group(self._nvic.priority(exception)) < level
        scb.values["CFSR"] |= cfsr | (fault.BFARVALID if address is not None else 0)
        if not own:
            scb.values["HFSR"] |= fault.DEBUGEVT if what.startswith("breakpoint") else fault.FORCED
        if address is not None:
            scb.values["BFAR"] = address
        report = self._report(what, seconds)
        if level <= -1:
            raise LockUpError(report)
        try:
            self._unit.enter(exception if own else n.HARD_FAULT)
        except StackingError as error:
            scb.values["CFSR"] |= error.cfsr
            scb.values["HFSR"] |= fault.FORCED
            report = self._report(f"{what}; {error}", seconds, before=report)
            try:
                self._unit.enter(n.HARD_FAULT, without_frame=True)
            except StackingError:
                raise LockUpError(report) from None
        return report

    def _classify(self, stop: Stop) -> tuple[str, int, int]:
        """(description, exception, CFSR bits)."""
        if stop.reason == "breakpoint":
            return "breakpoint instruction without a debugger", n.HARD_FAULT, 0
        if stop.reason == "svc":
            return "SVC where its handler cannot run (priority or mask)", n.HARD_FAULT, 0
        if stop.reason == "undefined":
            return f"undefined instruction {self._opcode(stop.pc)}", n.USAGE_FAULT, fault.UNDEFINSTR
        if stop.reason == "not thumb":
            return "branch to an address with bit 0 clear (not Thumb)", n.USAGE_FAULT, fault.INVSTATE
        if stop.reason == "no fpu":
            return "floating-point instruction while the FPU is off (SCB_CPACR)", n.USAGE_FAULT, fault.NOCP
        if stop.reason == "unaligned":
            return f"unaligned access to 0x{stop.address or 0:08x}", n.USAGE_FAULT, fault.UNALIGNED
        address = stop.address or 0
        if stop.reason == "fetch":
            if address >= 0x40000000:  # never executable, MPU or not
                return f"execution of 0x{address:08x} (never executable)", n.MEM_MANAGE, fault.IACCVIOL
            return f"execution of 0x{address:08x} ({memory_map.describe(address)})", n.BUS_FAULT, fault.IBUSERR
        return f"bus fault: access to 0x{address:08x} ({memory_map.describe(address)})", n.BUS_FAULT, fault.PRECISERR

    def _opcode(self, pc: int) -> str:
        code = self._banks.read(pc, 4) or b"\0\0\0\0"
        first, second = struct.unpack("<HH", code)
        if first >> 11 < 0x1D:
            return f"0x{first:04x}"
        text = f"0x{first:04x}{second:04x}"
        if first & 0xEC00 == 0xEC00 and second >> 8 & 0xF == 0xB:
            text += " (double-precision floating point: build with -mfpu=fpv5-sp-d16)"
        return text

    def _report(self, what: str, seconds: float, before: FaultReport | None = None) -> FaultReport:
        cpu, image, values = self._cpu, self._image, self._scb.values
        if before is not None:
            return dataclasses.replace(before, what=what, cfsr=values["CFSR"], hfsr=values["HFSR"])
        sp, lr = cpu.get(arm.UC_ARM_REG_SP), cpu.get(arm.UC_ARM_REG_LR)
        registers = (*cpu.core_registers(), sp, lr, cpu.pc, cpu.get(arm.UC_ARM_REG_XPSR))
        return FaultReport(
            what=what,
            pc=cpu.pc,
            where=image.locate(cpu.pc),
            called_from=image.locate(lr) if lr < 0xF0000000 else f"exception return 0x{lr:08x}",
            registers=registers,
            cfsr=values["CFSR"],
            hfsr=values["HFSR"],
            bfar=values["BFAR"],
            mmfar=values["MMFAR"],
            exception=cpu.exception,
            seconds=seconds,
            trace=self._stack_trace(sp),
        )

    def _stack_trace(self, sp: int) -> tuple[str, ...]:
        """Words on the stack that are return addresses: odd, in a function, behind a call."""
        found: list[str] = []
        for i in range(_TRACE_WORDS):
            word = self._banks.read(sp + 4 * i, 4)
            if word is None or len(found) == _TRACE_ENTRIES:
                break
            address = int.from_bytes(word, "little")
            if address & 1 and self._image.function_at(address) and self._follows_call(address & ~1):
                found.append(self._image.locate(address))
        return tuple(found)

    def _follows_call(self, address: int) -> bool:
        code = self._banks.read(address - 4, 4)
        if code is None:
            return False
        first, second = struct.unpack("<HH", code)
        long_call = first & 0xF800 == 0xF000 and second & 0xD000 == 0xD000  # BL
        return bool(long_call or second & 0xFF87 == 0x4780)  # BLX register
