"""Peripheral accesses: from an address to a register, or to an error that names it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from kws_tflm.errors import BoardError
from kws_tflm.virtual_board import memory_map
from kws_tflm.virtual_board.peripherals.base import Peripheral


class AccessLocator(Protocol):
    """Tells where in the firmware the present access to an address happens."""

    def __call__(self, address: int) -> str:
        """Function and program counter of the access to `address`."""
        ...


class Bus:
    """Dispatches the peripheral address space of an engine.

    Every access error is a BoardError that ends with the program counter and the function.
    """

    def __init__(self, engine: Any, locate: AccessLocator, fail: Callable[[BaseException], None]) -> None:
        """`fail` takes an exception out of an access: ctypes would print and lose one raised there."""
        self._locate = locate
        self._fail = fail
        self._pages: dict[int, list[Peripheral]] = {}
        self._engine = engine
        for base, size in memory_map.MMIO_RANGES:
            engine.mmio_map(base, size, self._reader(base), None, self._writer(base), None)

    def add(self, peripheral: Peripheral) -> None:
        """Make `peripheral` answer at its addresses."""
        first, last = peripheral.base >> 10, (peripheral.base + peripheral.size - 1) >> 10
        for page in range(first, last + 1):
            self._pages.setdefault(page, []).append(peripheral)

    def find(self, address: int) -> Peripheral | None:
        """The peripheral at `address`."""
        for peripheral in self._pages.get(address >> 10, ()):
            if 0 <= address - peripheral.base < peripheral.size:
                return peripheral
        return None

    def _target(self, address: int, size: int, action: str) -> Peripheral:
        peripheral = self.find(address)
        if peripheral is None:
            raise BoardError(f"{action} of {memory_map.describe(address)} is not modelled by the virtual board")
        if not peripheral.clocked:
            name = peripheral.register_name(address - peripheral.base)
            raise BoardError(f"{action} of {name} while the clock of {peripheral.name} is off (RCC enable register)")
        if address % size:
            raise BoardError(f"unaligned {action} of {peripheral.name}+0x{address - peripheral.base:x}")
        return peripheral

    def _reader(self, base: int) -> Any:
        def read(engine: Any, offset: int, size: int, user: Any) -> int:
            address = base + offset
            try:
                peripheral = self._target(address, size, "read")
                return peripheral.read(address - peripheral.base, size)
            except BaseException as error:
                self._stop(error, address)
                return 0

        return read

    def _writer(self, base: int) -> Any:
        def write(engine: Any, offset: int, size: int, value: int, user: Any) -> None:
            address = base + offset
            try:
                peripheral = self._target(address, size, "write")
                peripheral.write(address - peripheral.base, size, value)
            except BaseException as error:
                self._stop(error, address)

        return write

    def _stop(self, error: BaseException, address: int) -> None:
        if isinstance(error, BoardError):
            error = BoardError(f"{error}; at {self._locate(address)}")
        self._fail(error)
