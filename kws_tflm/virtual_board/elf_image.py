"""An ELF file as the board needs it: what to load where, where it starts, which function an address is in."""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from kws_tflm.errors import BoardError
from kws_tflm.virtual_board import memory_map

BARE_STACK = 0x20020000
"""First stack pointer of an image without a vector table: the end of DTCM."""
_TABLE_ALIGNMENT = 128  # the smallest of the architecture (VTOR has 25 bits)


@dataclass(frozen=True)
class Function:
    """A symbol of code: [start, start + size); a size of 0 is unknown."""

    start: int
    size: int
    name: str


@dataclass(frozen=True)
class ElfImage:
    """A loadable image."""

    path: Path
    segments: tuple[tuple[int, bytes], ...]
    """(load address, bytes)."""
    vector_table: int | None
    """Address from which the processor takes its first stack pointer and program counter; None for an image
    without one, which starts at `entry` with the stack pointer `BARE_STACK`, as a debugger would start it."""
    entry: int
    """Entry point of the file, with the Thumb bit."""
    stack: int
    """First stack pointer."""
    symbols: dict[str, int]
    functions: tuple[Function, ...]
    """Sorted by start."""

    def function_at(self, address: int) -> Function | None:
        """The function that `address` is in, by the symbol table."""
        address &= ~1
        index = bisect.bisect_right(self.functions, address, key=lambda f: f.start) - 1
        if index < 0:
            return None
        function = self.functions[index]
        limit = function.size or 4096  # assembler symbols often have no size
        return function if address < function.start + limit else None

    def locate(self, address: int) -> str:
        """`name+0xoffset (0xaddress)` for messages."""
        function = self.function_at(address)
        if function is None:
            return f"0x{address:08x}"
        return f"{readable(function.name)}+0x{(address & ~1) - function.start:x} (0x{address:08x})"

    def require(self, symbol: str) -> int:
        """Address of `symbol`.

        Raises:
            BoardError: the image has no such symbol.
        """
        try:
            return self.symbols[symbol]
        except KeyError:
            raise BoardError(
                f"{self.path}: no symbol '{symbol}'; it must be a firmware of this project, not stripped"
            ) from None


def readable(symbol: str) -> str:
    """`symbol` as in the source where that is simple: ``_ZN3kws7Spotter7PushHopEPKs`` -> ``kws::Spotter::PushHop``.

    Parameters are left out; templates and other rare names stay mangled.
    """
    prefix = re.match(r"_ZN?K?", symbol)
    if prefix is None:
        return symbol
    parts, at = [], prefix.end()
    while length := re.match(r"\d+", symbol[at:]):
        start = at + length.end()
        at = start + int(length.group())
        parts.append(symbol[start:at])
        if "N" not in prefix.group():
            break
    nested_ends = "N" not in prefix.group() or symbol[at : at + 1] == "E"
    return "::".join(parts).replace("_GLOBAL__N_1", "(anonymous)") if parts and nested_ends else symbol


def load(path: Path) -> ElfImage:
    """Read the ELF file at `path`.

    Raises:
        BoardError: missing, not an ELF, not 32-bit Arm, nothing to load, no vector table and no entry point.
    """
    try:
        with path.open("rb") as stream:
            return _read(path, ELFFile(stream))
    except FileNotFoundError:
        raise BoardError(f"{path}: no such firmware file; build it with `make firmware`") from None
    except OSError as error:
        raise BoardError(f"{path}: cannot be read ({error.strerror})") from None
    except (ELFError, ValueError, KeyError, AssertionError, UnicodeDecodeError) as error:
        reason = str(error) or type(error).__name__
        raise BoardError(f"{path}: not a usable ELF file ({reason}); give the .elf of an STM32F7 firmware") from None


def _read(path: Path, elf: Any) -> ElfImage:
    machine = elf["e_machine"]
    if machine != "EM_ARM" or elf.elfclass != 32 or not elf.little_endian:
        raise BoardError(f"{path}: made for {machine}, not for a 32-bit little-endian Arm; give an STM32F7 firmware")
    segments = []
    for segment in elf.iter_segments():
        if segment["p_type"] == "PT_LOAD" and segment["p_filesz"] > 0:
            address, data = segment["p_paddr"], segment.data()
            if len(data) != segment["p_filesz"]:
                raise BoardError(f"{path}: truncated: a segment at 0x{address:08x} is incomplete")
            segments += _pieces(path, address, data)
    if not segments:
        raise BoardError(f"{path}: nothing to load; it must be a linked image, not an object file")
    symbols, functions = _symbols(elf)
    entry = int(elf["e_entry"])
    table = _vector_table(segments, entry)
    if table is None and not (entry & 1 and _is_loaded(segments, entry - 1)):
        raise BoardError(
            f"{path}: no vector table at 0x{memory_map.FLASH_BASE:08x} (initial stack pointer in RAM, "
            f"Thumb reset handler) and no Thumb entry point in what is loaded (0x{entry:08x}); check the linker script"
        )
    stack = BARE_STACK if table is None else _word(segments, table)
    return ElfImage(path, tuple(segments), table, entry, stack, symbols, functions)


def _pieces(path: Path, address: int, data: bytes) -> list[tuple[int, bytes]]:
    """A segment cut where one memory ends and the next begins: DTCM, SRAM1 and SRAM2 are neighbours."""
    pieces: list[tuple[int, bytes]] = []
    start, left = address, data
    while left:
        found = memory_map.find(start, 1)
        if found is None:
            raise BoardError(
                f"{path}: {len(data)} bytes at 0x{address:08x} are outside the memories of the STM32F767; "
                "link for flash at 0x08000000 (2 MB)"
            )
        memory, offset = found
        room = memory.size - offset
        pieces.append((start, left[:room]))
        start, left = start + room, left[room:]
    return pieces


def _vector_table(segments: list[tuple[int, bytes]], entry: int) -> int | None:
    """Where the first stack pointer and the reset handler stand: at the usual places, at the start of what is
    loaded, or anywhere if it is the file's entry point that stands there."""
    for candidate in (memory_map.FLASH_BASE, memory_map.FLASH_ALIAS, min(address for address, _ in segments)):
        if _reset_handler(segments, candidate) is not None:
            return candidate
    for address, data in segments:
        first = -(-address // _TABLE_ALIGNMENT) * _TABLE_ALIGNMENT
        for candidate in range(first, address + len(data), _TABLE_ALIGNMENT):
            if _reset_handler(segments, candidate) == entry | 1:
                return candidate
    return None


def _reset_handler(segments: list[tuple[int, bytes]], table: int) -> int | None:
    """The reset handler in the vector table at `table`, or None where there is no such table."""
    for address, data in segments:
        offset = table - address
        if not 0 <= offset <= len(data) - 8:
            continue
        stack, handler = (int.from_bytes(data[offset + i : offset + i + 4], "little") for i in (0, 4))
        if handler & 1 and _is_loaded(segments, handler - 1) and memory_map.is_writable(stack - 4, 4):
            return handler
    return None


def _word(segments: list[tuple[int, bytes]], address: int) -> int:
    start, data = next((a, d) for a, d in segments if a <= address and address + 4 <= a + len(d))
    return int.from_bytes(data[address - start : address - start + 4], "little")


def _is_loaded(segments: list[tuple[int, bytes]], address: int) -> bool:
    """Whether there are bytes of the image at `address`, flash being visible at both of its addresses."""
    alias = address - memory_map.FLASH_ALIAS
    if 0 <= alias < memory_map.FLASH_SIZE:
        address = memory_map.FLASH_BASE + alias
    flash = memory_map.FLASH_BASE - memory_map.FLASH_ALIAS
    return any(start <= at < start + len(data) for start, data in segments for at in (address, address - flash))


def _symbols(elf: Any) -> tuple[dict[str, int], tuple[Function, ...]]:
    symbols: dict[str, int] = {}
    functions: dict[int, Function] = {}
    table = elf.get_section_by_name(".symtab")
    if table is None:
        return symbols, ()
    for symbol in table.iter_symbols():
        name, value, kind = symbol.name, symbol["st_value"], symbol["st_info"]["type"]
        if not name or name.startswith("$") or kind in ("STT_FILE", "STT_SECTION"):
            continue
        symbols.setdefault(name, value)
        if kind == "STT_FUNC":
            start = value & ~1
            known = functions.get(start)
            if known is None or (known.size == 0 and symbol["st_size"]):
                functions[start] = Function(start, symbol["st_size"], name)
    return symbols, tuple(sorted(functions.values(), key=lambda f: f.start))
