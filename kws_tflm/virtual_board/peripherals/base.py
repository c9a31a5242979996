"""What every peripheral is: named registers at offsets, with reset values and optional side effects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from kws_tflm.errors import BoardError

WORD = 0xFFFFFFFF


@dataclass(frozen=True)
class Register:
    """One 32-bit register.

    `writable` bits keep what is written; the others are read-only or reserved and ignore it.
    `unsupported` bits exist on the chip but have no model: giving them a value other than the reset
    value is a BoardError.
    """

    name: str
    reset: int = 0
    writable: int = WORD
    unsupported: int = 0


class Peripheral:
    """Registers, stored values and side effects.

    A subclass lists `registers` (offset -> Register) and may define ``_read_<name>() -> int`` (computes
    the value read) and ``_write_<name>(value, old)`` (called after the writable bits are stored), names
    in lower case.
    """

    registers: ClassVar[dict[int, Register]] = {}

    def __init__(self, name: str, base: int, size: int = 0x400, registers: dict[int, Register] | None = None) -> None:
        """`registers` replaces the table of the class where instances differ."""
        self._table = self.registers if registers is None else registers
        self.name = name
        self.base = base
        self.size = size
        self.clocked = True
        """False while the RCC keeps the peripheral's clock off; the bus refuses access then."""
        self.values: dict[str, int] = {r.name: r.reset for r in self._table.values()}
        self._readers: dict[str, Callable[[], int]] = {}
        self._writers: dict[str, Callable[[int, int], None]] = {}
        for register in self._table.values():
            reader = getattr(self, f"_read_{register.name.lower()}", None)
            writer = getattr(self, f"_write_{register.name.lower()}", None)
            if reader is not None:
                self._readers[register.name] = reader
            if writer is not None:
                self._writers[register.name] = writer

    def reset(self) -> None:
        """Back to reset values; subclasses also stop what runs."""
        for register in self._table.values():
            self.values[register.name] = register.reset

    def read(self, offset: int, size: int) -> int:
        """Value of `size` bytes at `offset`."""
        register = self._register(offset & ~3)
        shift = 8 * (offset & 3)
        return (self._read_word(register) >> shift) & ((1 << 8 * size) - 1)

    def write(self, offset: int, size: int, value: int) -> None:
        """Store `size` bytes at `offset`."""
        register = self._register(offset & ~3)
        old = self.values[register.name]
        if size != 4:
            shift = 8 * (offset & 3)
            mask = ((1 << 8 * size) - 1) << shift
            value = (old & ~mask) | ((value << shift) & mask)
        unmodelled = (value ^ register.reset) & register.unsupported
        if unmodelled:
            raise BoardError(
                f"{self.name}_{register.name} = 0x{value:08x}: bits 0x{unmodelled:x} "
                "are not modelled by the virtual board"
            )
        self.values[register.name] = (old & ~register.writable) | (value & register.writable)
        writer = self._writers.get(register.name)
        if writer is not None:
            writer(value, old)

    def register_name(self, offset: int) -> str:
        """Name of the register at `offset`, or the offset itself."""
        register = self._table.get(offset & ~3)
        return f"{self.name}_{register.name}" if register else f"{self.name}+0x{offset:02x}"

    def _read_word(self, register: Register) -> int:
        reader = self._readers.get(register.name)
        return reader() if reader is not None else self.values[register.name]

    def _register(self, offset: int) -> Register:
        try:
            return self._table[offset]
        except KeyError:
            raise BoardError(f"{self.name}+0x{offset:02x} is not modelled by the virtual board") from None


def bits(value: int, high: int, low: int) -> int:
    """The field value[high:low]."""
    return (value >> low) & ((1 << (high - low + 1)) - 1)
