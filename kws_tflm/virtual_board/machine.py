"""The chip: all peripherals made and wired to each other, to the core and to the outside world."""

from __future__ import annotations

from collections.abc import Callable

from kws_tflm.virtual_board import memory_map, wiring
from kws_tflm.virtual_board.block_counter import BlockCounter, Trait
from kws_tflm.virtual_board.bus import Bus
from kws_tflm.virtual_board.coherency import CoherencyCheck
from kws_tflm.virtual_board.cpu import Cpu
from kws_tflm.virtual_board.cycle_model import CycleModel
from kws_tflm.virtual_board.elf_image import ElfImage
from kws_tflm.virtual_board.memory_link import MemoryLink
from kws_tflm.virtual_board.memory_map import MemoryBanks
from kws_tflm.virtual_board.microphone import Microphone
from kws_tflm.virtual_board.peripherals.base import Peripheral
from kws_tflm.virtual_board.peripherals.clock_tree import HSI_HZ
from kws_tflm.virtual_board.peripherals.dbgmcu import DbgMcu
from kws_tflm.virtual_board.peripherals.dma import Dma
from kws_tflm.virtual_board.peripherals.dwt import CoreDebug, Dwt
from kws_tflm.virtual_board.peripherals.flash import FlashInterface
from kws_tflm.virtual_board.peripherals.fpu import Fpu
from kws_tflm.virtual_board.peripherals.gpio import Gpio
from kws_tflm.virtual_board.peripherals.i2s import I2sReceiver
from kws_tflm.virtual_board.peripherals.iwdg import Iwdg
from kws_tflm.virtual_board.peripherals.mpu import Mpu
from kws_tflm.virtual_board.peripherals.nvic import Nvic
from kws_tflm.virtual_board.peripherals.pwr import Pwr
from kws_tflm.virtual_board.peripherals.rcc import Rcc
from kws_tflm.virtual_board.peripherals.scb import CacheMaintenance, Scb, SoftwareTrigger, SystemControl
from kws_tflm.virtual_board.peripherals.systick import SysTick
from kws_tflm.virtual_board.peripherals.usart import Usart
from kws_tflm.virtual_board.pipeline import table
from kws_tflm.virtual_board.scheduler import Scheduler
from kws_tflm.virtual_board.semihosting import Semihosting
from kws_tflm.virtual_board.timing import TimingOptions

# (name, base address, interrupt): RM0410 tables 1 and 46.
_USARTS = (
    ("USART1", 0x40011000, 37),
    ("USART2", 0x40004400, 38),
    ("USART3", 0x40004800, 39),
    ("UART4", 0x40004C00, 52),
    ("UART5", 0x40005000, 53),
    ("USART6", 0x40011400, 71),
    ("UART7", 0x40007800, 82),
    ("UART8", 0x40007C00, 83),
)
_FPU_ACCESS = 0xF << 20  # of CPACR: coprocessors 10 and 11
_DMA1_INTERRUPTS = (11, 12, 13, 14, 15, 16, 17, 47)
_SPI2_BASE, _SPI2_INTERRUPT = 0x40003800, 36
# Requests of SPI2_RX (RM0410 table 27): stream 3 channel 0 and stream 1 channel 9.
_SPI2_RX_REQUESTS = ((3, 0), (1, 9))


class Machine:
    """Core, memories and peripherals. `on_reset(reason)`, `on_warning(text)` and `on_output` look outward."""

    def __init__(
        self,
        image: ElfImage,
        microphone: Microphone,
        hse_hz: int,
        on_reset: Callable[[str], None],
        on_warning: Callable[[str], None],
        on_output: Callable[[str, int, bool], None],
    ) -> None:
        self.image = image
        self.counter = BlockCounter()
        self.model: CycleModel | None = None
        self.link: MemoryLink | None = None
        self.cpu = Cpu(self.counter)
        self.scheduler = Scheduler(self.counter, HSI_HZ)
        self.banks = MemoryBanks(self.cpu.engine, self.counter)
        self.semihosting = Semihosting(self.cpu, self.banks, self.scheduler, image)
        self.bus = Bus(self.cpu.engine, self._locate_access, self.cpu.fail)
        self._on_reset = on_reset
        self._peripherals: list[Peripheral] = []
        self._build_core(on_warning)
        self._build_clocks(hse_hz)
        self._build_ports(on_output)
        self._build_audio(microphone)
        for peripheral in self._peripherals:
            self.bus.add(peripheral)
            self.rcc.gate(peripheral)

    def enable_timing(self, options: TimingOptions) -> CycleModel:
        """Let the cycle model be the clock; once, before the first reset."""
        model = CycleModel(self.counter, self.cpu.engine, table.load(), self.banks.read, self.cpu.fail)
        self.cpu.timed = True
        self.model = model
        self.link = MemoryLink(model, self.scb, self.flash, self.mpu, self.caches, options.caches)
        return model

    def interrupted(self, rule: str) -> None:
        """Exception entry or return takes place (`rule` of the timing table)."""
        if self.model is not None:
            self.model.interrupted(self.model.table.pipeline[rule])

    def reset(self, reason: str) -> None:
        """Reset the chip for `reason` (see `Rcc.reset_with`); RAM keeps its contents except at power-on."""
        self.scheduler.clear()
        if reason == "power":
            self.banks.clear_ram()
            for address, data in self.image.segments:
                self.banks.load(address, data)
        for peripheral in self._peripherals:
            peripheral.reset()
        if self.link is not None:
            self.link.reset()
        self.coherency.reset()
        self.rcc.reset_with(reason)
        boot = self.image.vector_table
        if boot is None:
            # Started as a debugger would: at the entry point, with what its start-up code does not set up.
            self.scb.values["CPACR"] |= _FPU_ACCESS
            self._update_fpu_trap()
            self.cpu.reset(self.image.stack, self.image.entry)
            return
        self.scb.values["VTOR"] = memory_map.FLASH_ALIAS if boot == memory_map.FLASH_BASE else boot
        self._update_fpu_trap()
        vectors = self.banks.read(boot, 8) or bytes(8)
        self.cpu.reset(int.from_bytes(vectors[:4], "little"), int.from_bytes(vectors[4:], "little"))

    def _add(self, *peripherals: Peripheral) -> None:
        self._peripherals.extend(peripherals)

    def _build_core(self, on_warning: Callable[[str], None]) -> None:
        self.nvic = Nvic(0xE000E100)
        self.nvic.on_change = self.scheduler.stop_soon
        self.scb = Scb(0xE000ED00, self.nvic)
        self.scb.current_exception = lambda: self.cpu.exception
        self.scb.on_cpacr = self._update_fpu_trap
        self.scb.on_reset_request = lambda: self._on_reset("software")
        self.mpu = Mpu(0xE000ED90)
        self.fpu = Fpu(0xE000EF34)
        self.caches = CacheMaintenance(0xE000EF50)
        self.coherency = CoherencyCheck(self.scb, self.mpu)
        self.caches.on_invalidate_line = self.coherency.invalidate_line
        self.caches.on_invalidate_all = self.coherency.invalidate_all
        self.systick = SysTick(0xE000E010, self.scheduler, self.nvic)
        self.dwt = Dwt(0xE0001000, self.scheduler, on_warning)
        self._add(self.nvic, self.scb, self.mpu, self.fpu, self.caches, self.systick, self.dwt)
        self._add(CoreDebug(0xE000EDF0, self.dwt), SystemControl(0xE000E000), SoftwareTrigger(0xE000EF00, self.nvic))
        self._add(DbgMcu(0xE0042000))

    def _build_clocks(self, hse_hz: int) -> None:
        self.rcc = Rcc(0x40023800, self.scheduler, hse_hz)
        self.pwr = Pwr(0x40007000, self.scheduler, lambda: self.rcc.pll_on)
        self.flash = FlashInterface(0x40023C00)
        self.iwdg = Iwdg(0x40003000, self.scheduler, lambda: self._on_reset("watchdog"))
        self.rcc.on_change = self._clocks_changed
        self.flash.on_change = self._clocks_changed
        self._add(self.rcc, self.pwr, self.flash, self.iwdg)

    def _build_ports(self, on_output: Callable[[str, int, bool], None]) -> None:
        self.ports = {
            f"GPIO{c}": Gpio(f"GPIO{c}", 0x40020000 + 0x400 * i, on_output) for i, c in enumerate("ABCDEFGHIJK")
        }
        self.usarts = {name: self._usart(name, base, interrupt) for name, base, interrupt in _USARTS}
        self._add(*self.ports.values(), *self.usarts.values())

    def _usart(self, name: str, base: int, interrupt: int) -> Usart:
        usart = Usart(
            name,
            base,
            self.scheduler,
            lambda: self.rcc.usart_clock(name),
            lambda asserted: self.nvic.set_line(interrupt, asserted),
        )
        signal = wiring.TRANSMIT_SIGNALS.get(name)
        if signal is not None:
            usart.check_pins = lambda: wiring.require(signal, self.ports)
        return usart

    def _build_audio(self, microphone: Microphone) -> None:
        self.dma1 = Dma(
            "DMA1",
            0x40026000,
            self.scheduler,
            lambda stream, asserted: self.nvic.set_line(_DMA1_INTERRUPTS[stream], asserted),
            self.banks.write,
            self.coherency,
        )
        self.i2s = I2sReceiver(
            "SPI2",
            _SPI2_BASE,
            self.scheduler,
            lambda: self.rcc.clocks.i2s,
            microphone,
            lambda asserted: self.nvic.set_line(_SPI2_INTERRUPT, asserted),
        )
        self.i2s.on_requests_changed = lambda: self.dma1.requests_changed(self.i2s)
        self.i2s.serve_dma = lambda: self.dma1.serve(self.i2s)
        self.i2s.check_pins = self._check_microphone_pins
        for stream, channel in _SPI2_RX_REQUESTS:
            self.dma1.connect(stream, channel, _SPI2_BASE + 0x0C, self.i2s)
        self._add(self.dma1, self.i2s)

    def _check_microphone_pins(self) -> None:
        for signal in wiring.I2S2_SIGNALS:
            wiring.require(signal, self.ports)

    def _clocks_changed(self) -> None:
        self.rcc.check(self.flash.latency, self.pwr.voltage_scale, self.pwr.over_drive)
        self.scheduler.set_frequency(self.rcc.clocks.hclk)
        if self.link is not None:
            self.link.update()

    def _update_fpu_trap(self) -> None:
        self.counter.state.stop_before = 0 if self.scb.fpu_enabled else Trait.FPU

    def _locate_access(self, address: int) -> str:
        return self.image.locate(self.cpu.access_pc(address))
