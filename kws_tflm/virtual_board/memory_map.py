"""Memories of the STM32F767ZI (RM0410 section 2) and names for the addresses that are not memory."""

from __future__ import annotations

import ctypes
import mmap
from dataclasses import dataclass
from typing import Any

from unicorn import UC_PROT_ALL, UC_PROT_EXEC, UC_PROT_READ

from kws_tflm.virtual_board.block_counter import BlockCounter

FLASH_BASE, FLASH_ALIAS, FLASH_SIZE = 0x08000000, 0x00200000, 2 * 1024 * 1024
_INFO_BASE = 0x1FF0F000
_UNIQUE_ID, _FLASH_SIZE_REGISTER = 0x420, 0x442
_SUPPLY = 0xFF  # erased flash


@dataclass(frozen=True)
class Memory:
    """One memory, visible at each of `bases`."""

    name: str
    bases: tuple[int, ...]
    size: int
    writable: bool

    def offset(self, address: int) -> int | None:
        """Offset of `address`, or None when it is elsewhere."""
        for base in self.bases:
            if 0 <= address - base < self.size:
                return address - base
        return None


MEMORIES = (
    Memory("ITCM", (0x00000000,), 16 * 1024, True),
    Memory("flash", (FLASH_BASE, FLASH_ALIAS), FLASH_SIZE, False),
    Memory("DTCM", (0x20000000,), 128 * 1024, True),
    Memory("SRAM1", (0x20020000,), 368 * 1024, True),
    Memory("SRAM2", (0x2007C000,), 16 * 1024, True),
    Memory("system information", (_INFO_BASE,), 0x1000, False),
)

MMIO_RANGES = ((0x40000000, 0x00080000), (0x50000000, 0x00080000), (0xA0000000, 0x00002000), (0xE0000000, 0x00100000))

_PERIPHERAL_NAMES = {
    0x40000000: "TIM2", 0x40000400: "TIM3", 0x40000800: "TIM4", 0x40000C00: "TIM5", 0x40001000: "TIM6",
    0x40001400: "TIM7", 0x40001800: "TIM12", 0x40001C00: "TIM13", 0x40002000: "TIM14", 0x40002400: "LPTIM1",
    0x40002800: "RTC", 0x40002C00: "WWDG", 0x40003000: "IWDG", 0x40003400: "CAN3", 0x40003800: "SPI2",
    0x40003C00: "SPI3", 0x40004000: "SPDIFRX", 0x40004400: "USART2", 0x40004800: "USART3", 0x40004C00: "UART4",
    0x40005000: "UART5", 0x40005400: "I2C1", 0x40005800: "I2C2", 0x40005C00: "I2C3", 0x40006000: "I2C4",
    0x40006400: "CAN1", 0x40006800: "CAN2", 0x40006C00: "CEC", 0x40007000: "PWR", 0x40007400: "DAC",
    0x40007800: "UART7", 0x40007C00: "UART8", 0x40010000: "TIM1", 0x40010400: "TIM8", 0x40011000: "USART1",
    0x40011400: "USART6", 0x40011C00: "SDMMC2", 0x40012000: "ADC", 0x40012C00: "SDMMC1", 0x40013000: "SPI1",
    0x40013400: "SPI4", 0x40013800: "SYSCFG", 0x40013C00: "EXTI", 0x40014000: "TIM9", 0x40014400: "TIM10",
    0x40014800: "TIM11", 0x40015000: "SPI5", 0x40015400: "SPI6", 0x40015800: "SAI1", 0x40015C00: "SAI2",
    0x40016800: "LTDC", 0x40017400: "DFSDM1", 0x40023000: "CRC", 0x40023800: "RCC", 0x40023C00: "FLASH",
    0x40024000: "BKPSRAM", 0x40026000: "DMA1", 0x40026400: "DMA2", 0x40028000: "ETH", 0x4002B000: "DMA2D",
    0x50000000: "USB_OTG_FS", 0x50050000: "DCMI", 0x50051000: "JPEG", 0x50060800: "RNG", 0xA0000000: "FMC",
    0xA0001000: "QUADSPI", 0xE0000000: "ITM", 0xE0001000: "DWT", 0xE0002000: "FPB", 0xE000E000: "SCS",
    0xE0040000: "TPIU", 0xE0041000: "ETM", 0xE0042000: "DBGMCU",
}  # fmt: skip
_PERIPHERAL_NAMES.update({0x40020000 + 0x400 * i: f"GPIO{c}" for i, c in enumerate("ABCDEFGHIJK")})


def describe(address: int) -> str:
    """Name of the memory or peripheral that `address` belongs to, with the offset, for messages."""
    for memory in MEMORIES:
        offset = memory.offset(address)
        if offset is not None:
            return f"{memory.name}+0x{offset:x}"
    base = address & ~0x3FF
    if base not in _PERIPHERAL_NAMES and address >= 0xE0000000:
        base = address & ~0xFFF
    name = _PERIPHERAL_NAMES.get(base)
    return f"{name}+0x{address - base:02x}" if name else f"reserved address 0x{address:08x}"


class MemoryBanks:
    """Host buffers behind the memories, mapped into an engine and known to the block counter."""

    def __init__(self, engine: Any, counter: BlockCounter) -> None:
        self._buffers: dict[str, Any] = {}
        # Largest first: in any other order Unicorn 2.1.4 gives two memories the same internal addresses, takes a
        # store to one for a change of code in the other and translates that code again, at ten times the cost.
        for memory in sorted(MEMORIES, key=lambda memory: -memory.size):
            # An anonymous mapping is page-aligned, as Unicorn wants, and takes no memory until used.
            buffer = (ctypes.c_char * memory.size).from_buffer(mmap.mmap(-1, memory.size))
            self._buffers[memory.name] = buffer
            permissions = UC_PROT_ALL if memory.writable else UC_PROT_READ | UC_PROT_EXEC
            for base in memory.bases:
                engine.mem_map_ptr(base, memory.size, permissions, ctypes.addressof(buffer))
                counter.add_region(base, buffer, constant=not memory.writable)
        ctypes.memset(self._buffers["flash"], _SUPPLY, FLASH_SIZE)
        info = self._buffers["system information"]
        for i, word in enumerate((0x00280031, 0x30345114, 0x35303437)):
            _store(info, _UNIQUE_ID + 4 * i, word.to_bytes(4, "little"))
        _store(info, _FLASH_SIZE_REGISTER, (FLASH_SIZE // 1024).to_bytes(2, "little"))

    def load(self, address: int, data: bytes) -> bool:
        """Put `data` of an image at `address`, flash included; False when it does not fit in one memory."""
        found = find(address, len(data))
        if found is None or found[0].name == "system information":
            return False
        _store(self._buffers[found[0].name], found[1], data)
        return True

    def write(self, address: int, data: bytes) -> bool:
        """Store into RAM; False where there is none. Code that was already executed there must not change."""
        found = find(address, len(data))
        if found is None or not found[0].writable:
            return False
        _store(self._buffers[found[0].name], found[1], data)
        return True

    def read(self, address: int, size: int) -> bytes | None:
        """Bytes at `address`, or None where there is no memory."""
        found = find(address, size)
        return None if found is None else bytes(self._buffers[found[0].name][found[1] : found[1] + size])

    def clear_ram(self) -> None:
        """RAM contents after power-on, for which zero stands."""
        for memory in MEMORIES:
            if memory.writable:
                ctypes.memset(self._buffers[memory.name], 0, memory.size)


def find(address: int, size: int) -> tuple[Memory, int] | None:
    """The memory that holds all of [address, address + size), and the offset in it."""
    for memory in MEMORIES:
        offset = memory.offset(address)
        if offset is not None and offset + size <= memory.size:
            return memory, offset
    return None


def is_writable(address: int, size: int) -> bool:
    """All of [address, address + size) is RAM."""
    found = find(address, size)
    return found is not None and found[0].writable


def _store(buffer: Any, offset: int, data: bytes) -> None:
    ctypes.memmove(ctypes.addressof(buffer) + offset, data, len(data))
