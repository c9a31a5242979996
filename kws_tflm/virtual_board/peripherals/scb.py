"""System control block of the Cortex-M7 (PM0253 section 4.3): vectors, priorities, faults, sleep, caches."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from kws_tflm.errors import BoardError
from kws_tflm.virtual_board.peripherals import nvic as n
from kws_tflm.virtual_board.peripherals.base import Peripheral, Register, bits

_VECTKEY = 0x05FA
SLEEPONEXIT, SLEEPDEEP, SEVONPEND = 1 << 1, 1 << 2, 1 << 4
_ICSR_SET = {31: n.NMI, 28: n.PENDSV, 26: n.SYSTICK}
_ICSR_CLEAR = {27: n.PENDSV, 25: n.SYSTICK}
_SHPR_ORDER = {
    "SHPR1": (n.MEM_MANAGE, n.BUS_FAULT, n.USAGE_FAULT, None),
    "SHPR2": (None, None, None, n.SVCALL),
    "SHPR3": (n.DEBUG, None, n.PENDSV, n.SYSTICK),
}
_FAULT_ENABLES = {n.MEM_MANAGE: 1 << 16, n.BUS_FAULT: 1 << 17, n.USAGE_FAULT: 1 << 18}


class Scb(Peripheral):
    """SCB at 0xE000ED00. Traps that Unicorn cannot raise (unaligned, divide by zero) are unsupported bits."""

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("CPUID", 0x411FC270, writable=0),
        0x04: Register("ICSR", 0, writable=0),
        0x08: Register("VTOR", 0x00200000, writable=0xFFFFFF80),
        0x0C: Register("AIRCR", 0, writable=0x700),
        0x10: Register("SCR", 0, writable=0x16),
        0x14: Register("CCR", 0x00040200, writable=0x0007031B, unsupported=0x18),
        0x18: Register("SHPR1", 0, writable=0x00F0F0F0),
        0x1C: Register("SHPR2", 0, writable=0xF0000000),
        0x20: Register("SHPR3", 0, writable=0xF0F000F0),
        0x24: Register("SHCSR", 0, writable=0x00070000, unsupported=0x0000FD8B),
        0x28: Register("CFSR", 0, writable=0),
        0x2C: Register("HFSR", 0, writable=0),
        0x30: Register("DFSR", 0, writable=0),
        0x34: Register("MMFAR"),
        0x38: Register("BFAR"),
        0x3C: Register("AFSR", 0, writable=0),
        0x40: Register("ID_PFR0", 0x30, writable=0),
        0x44: Register("ID_PFR1", 0x200, writable=0),
        0x48: Register("ID_DFR0", 0x00100000, writable=0),
        0x50: Register("ID_MFR0", 0x00100030, writable=0),
        0x54: Register("ID_MFR1", 0, writable=0),
        0x58: Register("ID_MFR2", 0x01000000, writable=0),
        0x5C: Register("ID_MFR3", 0, writable=0),
        0x60: Register("ID_ISAR0", 0x01101110, writable=0),
        0x64: Register("ID_ISAR1", 0x02112000, writable=0),
        0x68: Register("ID_ISAR2", 0x20232231, writable=0),
        0x6C: Register("ID_ISAR3", 0x01111131, writable=0),
        0x70: Register("ID_ISAR4", 0x01310132, writable=0),
        0x78: Register("CLIDR", 0x09000003, writable=0),
        0x7C: Register("CTR", 0x8303C003, writable=0),
        0x80: Register("CCSIDR", 0, writable=0),
        0x84: Register("CSSELR", 0, writable=0x0F),
        0x88: Register("CPACR", 0, writable=0x00F00000),
    }

    def __init__(self, base: int, nvic: n.Nvic) -> None:
        super().__init__("SCB", base, 0x90)
        self._nvic = nvic
        self.on_reset_request: Callable[[], None] = lambda: None
        self.on_cpacr: Callable[[], None] = lambda: None
        self.on_ccr: Callable[[], None] = lambda: None

    @property
    def vector_table(self) -> int:
        """Address of the vector table."""
        return self.values["VTOR"]

    @property
    def fpu_enabled(self) -> bool:
        """Coprocessors 10 and 11 have full access."""
        return bits(self.values["CPACR"], 23, 20) == 0xF

    @property
    def icache_enabled(self) -> bool:
        """CCR.IC."""
        return bool(self.values["CCR"] & 1 << 17)

    @property
    def dcache_enabled(self) -> bool:
        """CCR.DC."""
        return bool(self.values["CCR"] & 1 << 16)

    def fault_enabled(self, exception: int) -> bool:
        """A configurable fault has its own handler (SHCSR)."""
        return bool(self.values["SHCSR"] & _FAULT_ENABLES[exception])

    def _read_icsr(self) -> int:
        nvic = self._nvic
        following = nvic.next_exception(n.IDLE_PRIORITY) or 0
        active = nvic.active
        value = self.current_exception() | following << 12
        value |= 0 if active & (active - 1) else 1 << 11  # RETTOBASE
        value |= 1 << 22 if nvic.pending >> 16 else 0
        value |= 1 << 28 if nvic.pending & 1 << n.PENDSV else 0
        return value | (1 << 26 if nvic.pending & 1 << n.SYSTICK else 0)

    current_exception: Callable[[], int] = staticmethod(lambda: 0)
    """Set by the board: IPSR."""

    def _write_icsr(self, value: int, old: int) -> None:
        for bit, exception in _ICSR_CLEAR.items():
            if value >> bit & 1:
                self._nvic.pending &= ~(1 << exception)
        for bit, exception in _ICSR_SET.items():
            if value >> bit & 1:
                self._nvic.pend(exception)

    def _read_aircr(self) -> int:
        return 0xFA050000 | self.values["AIRCR"]

    def _write_aircr(self, value: int, old: int) -> None:
        if value >> 16 != _VECTKEY:
            self.values["AIRCR"] = old  # without the key the write is ignored
            return
        self._nvic.group_shift = bits(value, 10, 8)
        self._nvic.on_change()
        if value & 1 << 2:
            self.on_reset_request()

    def _write_ccr(self, value: int, old: int) -> None:
        self.on_ccr()

    def _write_scr(self, value: int, old: int) -> None:
        if value & SLEEPDEEP:
            raise BoardError("SCB_SCR.SLEEPDEEP: stop and standby modes are not modelled by the virtual board")

    def _write_shpr1(self, value: int, old: int) -> None:
        for name, order in _SHPR_ORDER.items():
            for i, exception in enumerate(order):
                if exception is not None:
                    self._nvic.system_priority[exception] = self.values[name] >> (8 * i) & n.PRIORITY_MASK
        self._nvic.on_change()

    _write_shpr2 = _write_shpr3 = _write_shpr1

    def _read_shcsr(self) -> int:
        active = self._nvic.active
        value = self.values["SHCSR"]
        for exception, bit in ((4, 0), (5, 1), (6, 3), (11, 7), (12, 8), (14, 10), (15, 11)):
            value |= (active >> exception & 1) << bit
        return value

    def _clear_ones(self, value: int, old: int, name: str) -> None:
        self.values[name] = old & ~value

    def _write_cfsr(self, value: int, old: int) -> None:
        self._clear_ones(value, old, "CFSR")

    def _write_hfsr(self, value: int, old: int) -> None:
        self._clear_ones(value, old, "HFSR")

    def _write_dfsr(self, value: int, old: int) -> None:
        self._clear_ones(value, old, "DFSR")

    def _read_ccsidr(self) -> int:
        # 16 kB each: instruction cache 2 ways, data cache 4 ways, 32-byte lines.
        return 0xF01FE009 if self.values["CSSELR"] & 1 else 0xF00FE019

    def _write_cpacr(self, value: int, old: int) -> None:
        self.on_cpacr()


class CacheMaintenance(Peripheral):
    """Cache maintenance operations at 0xE000EF50. Unicorn has no caches: they tell the coherency check
    (`on_invalidate_...`) and the cycle model (the others) what leaves them."""

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("ICIALLU", 0, writable=0),
        0x08: Register("ICIMVAU", 0, writable=0),
        0x0C: Register("DCIMVAC", 0, writable=0),
        0x10: Register("DCISW", 0, writable=0),
        0x14: Register("DCCMVAU", 0, writable=0),
        0x18: Register("DCCMVAC", 0, writable=0),
        0x1C: Register("DCCSW", 0, writable=0),
        0x20: Register("DCCIMVAC", 0, writable=0),
        0x24: Register("DCCISW", 0, writable=0),
        0x28: Register("BPIALL", 0, writable=0),
        0x40: Register("ITCMCR", 0x1, writable=0xF),
        0x44: Register("DTCMCR", 0x1, writable=0xF),
        0x48: Register("AHBPCR", 0x0, writable=0x1),
        0x4C: Register("CACR", 0, writable=0x7),
        0x50: Register("AHBSCR", 0, writable=0xFFFF),
        0x58: Register("ABFSR", 0, writable=0),
    }

    def __init__(self, base: int) -> None:
        super().__init__("SCB", base, 0x60)
        self.on_invalidate_line: Callable[[int], None] = lambda address: None
        self.on_invalidate_all: Callable[[], None] = lambda: None
        self.on_invalidate_code: Callable[[], None] = lambda: None
        self.on_data_line: Callable[[int], None] = lambda address: None
        self.on_data_all: Callable[[], None] = lambda: None

    def _write_iciallu(self, value: int, old: int) -> None:
        self.on_invalidate_code()

    _write_icimvau = _write_iciallu

    def _write_dcimvac(self, value: int, old: int) -> None:
        self.on_invalidate_line(value)
        self.on_data_line(value)

    _write_dccimvac = _write_dcimvac

    def _write_dcisw(self, value: int, old: int) -> None:
        self.on_invalidate_all()
        self.on_data_all()

    _write_dccisw = _write_dcisw


class SystemControl(Peripheral):
    """ICTR and ACTLR, at 0xE000E000."""

    registers: ClassVar[dict[int, Register]] = {0x4: Register("ICTR", 3, writable=0), 0x8: Register("ACTLR")}

    def __init__(self, base: int) -> None:
        super().__init__("SCnSCB", base, 0x10)


class SoftwareTrigger(Peripheral):
    """STIR, at 0xE000EF00: pends an interrupt by number."""

    registers: ClassVar[dict[int, Register]] = {0x0: Register("STIR", 0, writable=0)}

    def __init__(self, base: int, nvic: n.Nvic) -> None:
        super().__init__("NVIC", base, 0x10)
        self._nvic = nvic

    def _write_stir(self, value: int, old: int) -> None:
        self._nvic.pend(16 + (value & 0x1FF))
