"""Reads and writes many registers of an engine at once, straight through Unicorn's C library.

Each exception moves some fifty registers; one call a register through the binding would take most of the
board's time.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

from unicorn.unicorn_py3 import unicorn as binding


class RegisterBatch:
    """32-bit registers of `engine`, by Unicorn register numbers, in a fixed order."""

    def __init__(self, engine: Any, registers: Sequence[int]) -> None:
        self._handle = engine._uch
        self._count = len(registers)
        self._numbers = (ctypes.c_int * self._count)(*registers)
        self._values = (ctypes.c_uint32 * self._count)()
        first, step = ctypes.addressof(self._values), ctypes.sizeof(ctypes.c_uint32)
        self._pointers = (ctypes.c_void_p * self._count)(*(first + step * i for i in range(self._count)))
        self._read = binding.uclib.uc_reg_read_batch
        self._write = binding.uclib.uc_reg_write_batch

    def read(self) -> list[int]:
        """Values of all registers."""
        self._read(self._handle, self._numbers, self._pointers, self._count)
        return list(self._values)

    def write(self, values: Sequence[int]) -> None:
        """Set all registers."""
        self._values[:] = list(values)
        self._write(self._handle, self._numbers, self._pointers, self._count)
