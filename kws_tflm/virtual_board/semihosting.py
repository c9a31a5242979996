"""Arm semihosting for images that others built: console output, clock and exit through ``BKPT 0xAB``.

R0 has the operation, R1 its parameter or the address of its parameters; R0 gets the result (Arm, "Semihosting for
AArch32 and AArch64"). Console handles work; there is no input and there are no files: opening one fails, as the
program must expect. An operation that is not listed here is an error that names it, never a silent guess.
The breakpoint itself is not counted as an instruction: with a debugger attached the processor stops at it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

import unicorn.arm_const as arm

from kws_tflm.errors import BoardError
from kws_tflm.virtual_board.cpu import Cpu
from kws_tflm.virtual_board.elf_image import ElfImage
from kws_tflm.virtual_board.memory_map import MemoryBanks
from kws_tflm.virtual_board.scheduler import Scheduler

BREAKPOINT = 0xBEAB
"""The Thumb instruction ``BKPT 0xAB``."""
_FAILED = 0xFFFFFFFF
_ENOENT, _EBADF = 2, 9
_APPLICATION_EXIT = 0x20026
_CONSOLE, _FEATURES = ":tt", ":semihosting-features"
# Magic, then: SYS_EXIT_EXTENDED is there (bit 0), ":tt" opened for appending is standard error (bit 1).
_FEATURE_BYTES = b"SHFB\x03"
_LONGEST_STRING = 1 << 16
_MISSING = {
    0x0D: "SYS_TMPNAM",
    0x0E: "SYS_REMOVE",
    0x0F: "SYS_RENAME",
    0x12: "SYS_SYSTEM",
}


@dataclass
class _Handle:
    """An open pseudo-file; `data` is what can be read from it."""

    console: bool
    data: bytes = b""
    position: int = 0


class Semihosting:
    """Serves the operations. `on_output` gets what the program writes to its console.

    `exit_code` is set when the program ends: 0 for success, its own code with SYS_EXIT_EXTENDED, else 1.
    """

    def __init__(self, cpu: Cpu, banks: MemoryBanks, scheduler: Scheduler, image: ElfImage) -> None:
        self._cpu = cpu
        self._banks = banks
        self._scheduler = scheduler
        self._command_line = image.path.name.encode("utf-8", "replace")
        self._stack = image.stack
        self.on_output: Callable[[bytes], None] = lambda data: None
        self.exit_code: int | None = None
        self._errno = 0
        self._handles: dict[int, _Handle] = {}
        self._next_handle = 1
        self._operations: dict[int, Callable[[int], int]] = {
            0x01: self._open,
            0x02: self._close,
            0x03: self._write_character,
            0x04: self._write_string,
            0x05: self._write,
            0x06: self._read,
            0x07: lambda parameter: _FAILED,  # SYS_READC: no input
            0x08: lambda parameter: int(self._words(parameter, 1)[0] >> 31),  # SYS_ISERROR
            0x09: self._is_terminal,
            0x0A: self._seek,
            0x0C: self._length,
            0x10: lambda parameter: int(self._scheduler.exact_seconds * 100) & 0xFFFFFFFF,  # SYS_CLOCK
            0x11: lambda parameter: int(self._scheduler.exact_seconds) & 0xFFFFFFFF,  # SYS_TIME, since power-on
            0x13: lambda parameter: self._errno,  # SYS_ERRNO
            0x15: self._get_command_line,
            0x16: self._heap_information,
            0x18: self._exit,
            0x20: self._exit_extended,
            0x30: self._elapsed,
            0x31: lambda parameter: self._scheduler.frequency,  # SYS_TICKFREQ
        }

    def call(self, pc: int) -> bool:
        """Serve the breakpoint at `pc` and go on behind it; False when it is not a semihosting call.

        Raises:
            BoardError: an operation that is not supported, or parameters outside memory.
        """
        if self._banks.read(pc, 2) != BREAKPOINT.to_bytes(2, "little"):
            return False
        number, parameter = self._cpu.get(arm.UC_ARM_REG_R0), self._cpu.get(arm.UC_ARM_REG_R1)
        operation = self._operations.get(number)
        if operation is None:
            name = _MISSING.get(number, "no operation that is known")
            raise BoardError(
                f"semihosting operation 0x{number:02x} ({name}) at 0x{pc:08x} is not supported by the virtual board; "
                "it has console, clock and exit, no files"
            )
        result = operation(parameter)
        self._cpu.set(arm.UC_ARM_REG_R0, result & 0xFFFFFFFF)
        self._cpu.set(arm.UC_ARM_REG_PC, (pc + 2) | 1)
        return True

    # Files --------------------------------------------------------------------------------------

    def _open(self, parameter: int) -> int:
        pointer, _, length = self._words(parameter, 3)
        name = self._bytes(pointer, length).decode("utf-8", "replace")
        if name == _CONSOLE:
            return self._new_handle(_Handle(console=True))
        if name == _FEATURES:
            return self._new_handle(_Handle(console=False, data=_FEATURE_BYTES))
        return self._fail(_ENOENT)

    def _close(self, parameter: int) -> int:
        known = self._handles.pop(self._words(parameter, 1)[0], None)
        return self._fail(_EBADF) if known is None else 0

    def _write(self, parameter: int) -> int:
        handle, pointer, length = self._words(parameter, 3)
        known = self._handles.get(handle)
        if known is None or not known.console:
            self._fail(_EBADF)
            return length  # bytes that were not written
        self.on_output(self._bytes(pointer, length))
        return 0

    def _read(self, parameter: int) -> int:
        handle, pointer, length = self._words(parameter, 3)
        known = self._handles.get(handle)
        if known is None:
            self._fail(_EBADF)
            return length  # bytes that were not read: end of file
        data = known.data[known.position : known.position + length]
        known.position += len(data)
        self._store(pointer, data)
        return length - len(data)

    def _seek(self, parameter: int) -> int:
        handle, position = self._words(parameter, 2)
        known = self._handles.get(handle)
        if known is None or known.console or position > len(known.data):
            return self._fail(_EBADF)
        known.position = position
        return 0

    def _length(self, parameter: int) -> int:
        known = self._handles.get(self._words(parameter, 1)[0])
        return self._fail(_EBADF) if known is None else len(known.data)

    def _is_terminal(self, parameter: int) -> int:
        known = self._handles.get(self._words(parameter, 1)[0])
        return self._fail(_EBADF) if known is None else int(known.console)

    def _new_handle(self, handle: _Handle) -> int:
        number = self._next_handle
        self._next_handle += 1
        self._handles[number] = handle
        return number

    def _fail(self, errno: int) -> int:
        self._errno = errno
        return _FAILED

    # Console without a handle -------------------------------------------------------------------

    def _write_character(self, parameter: int) -> int:
        self.on_output(self._bytes(parameter, 1))
        return 0

    def _write_string(self, parameter: int) -> int:
        self.on_output(self._string(parameter))
        return 0

    # Program ------------------------------------------------------------------------------------

    def _get_command_line(self, parameter: int) -> int:
        pointer, size = self._words(parameter, 2)
        if size < len(self._command_line) + 1:
            return _FAILED
        self._store(pointer, self._command_line + b"\0")
        self._store(parameter + 4, len(self._command_line).to_bytes(4, "little"))
        return 0

    def _heap_information(self, parameter: int) -> int:
        # Heap base and limit, stack base and limit. Zero is "not known": the heap starts behind the program's data.
        self._store(self._words(parameter, 1)[0], struct.pack("<4I", 0, 0, self._stack, 0))
        return 0

    def _exit(self, parameter: int) -> int:
        self._end(0 if parameter == _APPLICATION_EXIT else 1)
        return 0

    def _exit_extended(self, parameter: int) -> int:
        reason, code = self._words(parameter, 2)
        self._end(code if reason == _APPLICATION_EXIT else 1)
        return 0

    def _end(self, code: int) -> None:
        self.exit_code = code
        self._scheduler.stop_soon()

    def _elapsed(self, parameter: int) -> int:
        self._store(parameter, self._scheduler.cycle.to_bytes(8, "little"))
        return 0

    # Memory -------------------------------------------------------------------------------------

    def _words(self, address: int, count: int) -> tuple[int, ...]:
        return struct.unpack(f"<{count}I", self._bytes(address, 4 * count))

    def _bytes(self, address: int, length: int) -> bytes:
        data = self._banks.read(address, length) if length else b""
        if data is None:
            raise BoardError(f"a semihosting call refers to {length} bytes at 0x{address:08x}, which is not memory")
        return data

    def _string(self, address: int) -> bytes:
        data = bytearray()
        while len(data) < _LONGEST_STRING:
            character = self._bytes(address + len(data), 1)
            if character == b"\0":
                return bytes(data)
            data += character
        raise BoardError(f"a semihosting call refers to an endless string at 0x{address:08x}")

    def _store(self, address: int, data: bytes) -> None:
        if data and not self._banks.write(address, data):
            raise BoardError(f"a semihosting call wants {len(data)} bytes stored at 0x{address:08x}, which is not RAM")
