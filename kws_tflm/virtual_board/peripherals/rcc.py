"""Reset and clock control (RM0410 section 5): oscillators, PLLs, prescalers, gates, reset flags."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from kws_tflm.errors import BoardError
from kws_tflm.virtual_board.peripherals import clock_tree
from kws_tflm.virtual_board.peripherals.base import Peripheral, Register, bits
from kws_tflm.virtual_board.peripherals.clock_tree import Clocks
from kws_tflm.virtual_board.scheduler import Scheduler

# (on bit, ready bit, start-up time in seconds) of RCC_CR; typical values of the data sheet.
_OSCILLATORS = {
    "HSI": (0, 1, 2.2e-6),
    "HSE": (16, 17, 100e-6),
    "PLL": (24, 25, 100e-6),
    "PLLI2S": (26, 27, 100e-6),
    "PLLSAI": (28, 29, 100e-6),
}
_GATES: dict[str, dict[str, int]] = {
    "AHB1": {**{f"GPIO{c}": i for i, c in enumerate("ABCDEFGHIJK")}, "CRC": 12, "DMA1": 21, "DMA2": 22},
    "AHB2": {},
    "AHB3": {},
    "APB1": {
        "SPI2": 14,
        "SPI3": 15,
        "USART2": 17,
        "USART3": 18,
        "UART4": 19,
        "UART5": 20,
        "PWR": 28,
        "UART7": 30,
        "UART8": 31,
    },
    "APB2": {"USART1": 4, "USART6": 5, "SPI1": 12, "SYSCFG": 14},
}
_CSR_FLAGS = {"power": 0x0E000000, "pin": 1 << 26, "software": 1 << 28 | 1 << 26, "watchdog": 1 << 29 | 1 << 26}


class Rcc(Peripheral):
    """RCC. `clocks` holds the present frequencies; `on_change` is called after each change."""

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("CR", 0x00008083, writable=0x150D00F9),
        0x04: Register("PLLCFGR", 0x24003010, writable=0x7F437FFF),
        0x08: Register("CFGR", 0, writable=0xFFFFFCF3),
        0x0C: Register("CIR", 0, unsupported=0x7F00),
        **{0x10 + 4 * i: Register(f"{n}RSTR") for i, n in enumerate(("AHB1", "AHB2", "AHB3"))},
        0x20: Register("APB1RSTR"),
        0x24: Register("APB2RSTR"),
        0x30: Register("AHB1ENR", 0x00100000),
        0x34: Register("AHB2ENR"),
        0x38: Register("AHB3ENR"),
        0x40: Register("APB1ENR"),
        0x44: Register("APB2ENR"),
        0x50: Register("AHB1LPENR", 0x7EF7B7FF),
        0x54: Register("AHB2LPENR", 0x000000F1),
        0x58: Register("AHB3LPENR", 0x00000003),
        0x60: Register("APB1LPENR", 0xFFFFCBFF),
        0x64: Register("APB2LPENR", 0x04F77F33),
        0x70: Register("BDCR", 0, unsupported=0x00018301),
        0x74: Register("CSR", 0x0E000000, writable=0x01),
        0x80: Register("SSCGR", 0, unsupported=0x80000000),
        0x84: Register("PLLI2SCFGR", 0x24003000, writable=0x7F037FC0),
        0x88: Register("PLLSAICFGR", 0x24003000, writable=0x7F037FC0),
        0x8C: Register("DCKCFGR1"),
        0x90: Register("DCKCFGR2"),
    }

    def __init__(self, base: int, scheduler: Scheduler, hse_hz: int) -> None:
        super().__init__("RCC", base)
        self._scheduler = scheduler
        self._hse_hz = hse_hz
        self._ready: set[str] = {"HSI"}
        self._system_source = 0
        self._gated: dict[str, Peripheral] = {}
        self.on_change: Callable[[], None] = lambda: None
        self.clocks = self._compute()

    def gate(self, peripheral: Peripheral) -> None:
        """Let the enable and reset bits of this RCC act on `peripheral` (by its name)."""
        self._gated[peripheral.name] = peripheral
        self._apply_gates()

    def reset_with(self, reason: str) -> None:
        """Reset of the chip for `reason` (``power``, ``pin``, ``software``, ``watchdog``): sets the CSR flag."""
        flags = self.values["CSR"] & 0xFE000000
        self.reset()
        self._ready = {"HSI"}
        self._system_source = 0
        self.values["CSR"] = _CSR_FLAGS[reason] | (0 if reason == "power" else flags)
        self._apply_gates()
        self._update()

    def usart_clock(self, name: str) -> int:
        """Kernel clock of a USART in Hz (RCC_DCKCFGR2)."""
        order = ("USART1", "USART2", "USART3", "UART4", "UART5", "USART6", "UART7", "UART8")
        selection = (self.values["DCKCFGR2"] >> (2 * order.index(name))) & 3
        bus = self.clocks.pclk2 if name in ("USART1", "USART6") else self.clocks.pclk1
        return (bus, self.clocks.sysclk, clock_tree.HSI_HZ, clock_tree.LSE_HZ)[selection]

    def _read_cr(self) -> int:
        value = self.values["CR"] & ~0x2A020002
        for name in self._ready:
            value |= 1 << _OSCILLATORS[name][1]
        return value

    def _write_cr(self, value: int, old: int) -> None:
        for name, (on_bit, _, startup) in _OSCILLATORS.items():
            on, was_on = value >> on_bit & 1, old >> on_bit & 1
            if on and not was_on:
                self._scheduler.after_seconds(startup, lambda name=name: self._start(name))  # type: ignore[misc]
            elif was_on and not on:
                self._stop(name)
        if not value & 1 << 16 and value & 1 << 19:
            raise BoardError("RCC_CR.CSSON needs the HSE oscillator on")

    def _write_pllcfgr(self, value: int, old: int) -> None:
        if self.values["CR"] & 1 << 24 and value != old:
            raise BoardError("RCC_PLLCFGR is written while the PLL is on; switch it off first")

    def _write_plli2scfgr(self, value: int, old: int) -> None:
        if self.values["CR"] & 1 << 26 and value != old:
            raise BoardError("RCC_PLLI2SCFGR is written while PLLI2S is on; switch it off first")

    def _read_cfgr(self) -> int:
        return (self.values["CFGR"] & ~0xC) | self._system_source << 2

    def _write_cfgr(self, value: int, old: int) -> None:
        self._update()

    def _read_csr(self) -> int:
        value = self.values["CSR"]
        return value | (value & 1) << 1  # LSIRDY follows LSION

    def _write_csr(self, value: int, old: int) -> None:
        if value & 1 << 24:
            self.values["CSR"] &= ~0xFE000000

    def _write_ahb1enr(self, value: int, old: int) -> None:
        self._apply_gates()

    _write_apb1enr = _write_apb2enr = _write_ahb1enr

    def _write_ahb1rstr(self, value: int, old: int) -> None:
        for bus, gates in _GATES.items():
            for name, bit in gates.items():
                if name in self._gated and self.values[f"{bus}RSTR"] >> bit & 1:
                    self._gated[name].reset()

    _write_apb1rstr = _write_apb2rstr = _write_ahb1rstr

    def check(self, flash_latency: int, voltage_scale: int, over_drive: bool) -> None:
        """Refuse frequencies that the chip cannot reach in this state."""
        clock_tree.check_limits(self.clocks, flash_latency, voltage_scale, over_drive)

    @property
    def pll_on(self) -> bool:
        """The main PLL is switched on."""
        return bool(self.values["CR"] & 1 << 24)

    def _start(self, name: str) -> None:
        if self.values["CR"] >> _OSCILLATORS[name][0] & 1:
            if name.startswith("PLL"):
                self._require_pll_source(name)
            self._ready.add(name)
            self._update()

    def _stop(self, name: str) -> None:
        if name == ("HSI", "HSE", "PLL")[self._system_source]:
            raise BoardError(f"{name} is switched off while it is the system clock")
        self._ready.discard(name)
        self._update()

    def _require_pll_source(self, name: str) -> None:
        source = "HSE" if self.values["PLLCFGR"] & 1 << 22 else "HSI"
        if source not in self._ready:
            raise BoardError(
                f"{name} is switched on while its source {source} is not ready; wait for RCC_CR.{source}RDY"
            )

    def _update(self) -> None:
        wanted = self.values["CFGR"] & 3
        if wanted == 3:
            raise BoardError("RCC_CFGR.SW = 3 is not allowed")
        if ("HSI", "HSE", "PLL")[wanted] in self._ready:
            self._system_source = wanted
        self.clocks = self._compute()
        self.on_change()

    def _compute(self) -> Clocks:
        config = self.values["PLLCFGR"]
        source = self._hse_hz if config & 1 << 22 else clock_tree.HSI_HZ
        m = bits(config, 5, 0)
        pll = i2s = 0
        if "PLL" in self._ready:
            pll = clock_tree.pll_output("PLL", source, m, bits(config, 14, 6), 2 * (bits(config, 17, 16) + 1))
        if "PLLI2S" in self._ready:
            i2s_config = self.values["PLLI2SCFGR"]
            i2s = clock_tree.pll_output("PLLI2S", source, m, bits(i2s_config, 14, 6), bits(i2s_config, 30, 28))
        cfgr = self.values["CFGR"]
        sysclk = (clock_tree.HSI_HZ, self._hse_hz, pll)[self._system_source]
        hclk = sysclk // clock_tree.ahb_divider(cfgr)
        return Clocks(
            sysclk=sysclk,
            hclk=hclk,
            pclk1=hclk // clock_tree.apb_divider(bits(cfgr, 12, 10)),
            pclk2=hclk // clock_tree.apb_divider(bits(cfgr, 15, 13)),
            pll=pll,
            i2s=0 if cfgr & 1 << 23 else i2s,
            hse=self._hse_hz if "HSE" in self._ready else 0,
        )

    def _apply_gates(self) -> None:
        for bus, gates in _GATES.items():
            enabled = self.values[f"{bus}ENR"]
            for name, bit in gates.items():
                if name in self._gated:
                    self._gated[name].clocked = bool(enabled >> bit & 1)
