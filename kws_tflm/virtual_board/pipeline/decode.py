"""Instructions as the pipeline model sees them: what they read, where, what they write, when, what they occupy.

Capstone decodes each encoding once; the table keeps what became of it, so that a program's second block of the
same instructions, or its second run, costs a look-up.
"""

from __future__ import annotations

import ctypes
import struct
from typing import Any

import capstone

from kws_tflm.errors import BoardError
from kws_tflm.virtual_board.pipeline.roles import Roles, name_of, roles_of
from kws_tflm.virtual_board.pipeline.structures import CAUSES, MAX_OPERANDS, Operation
from kws_tflm.virtual_board.pipeline.table import PipelineTable

_SIZE = ctypes.sizeof(Operation)
_OFFSET_AT = Operation.offset.offset
_MULTI_CYCLE = CAUSES.index("multi_cycle")


class Decoder:
    """Decodes blocks of Thumb-2 code with one `PipelineTable`."""

    def __init__(self, table: PipelineTable) -> None:
        self._table = table
        self._capstone = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)
        self._capstone.detail = True

    def block(self, address: int, code: bytes) -> list[Operation]:
        """The operations of `code`, which lies at `address`.

        Raises:
            BoardError: an instruction that the timing table does not have, or that is not an instruction.
        """
        packed = self.packed(address, code)
        return [Operation.from_buffer_copy(packed, at) for at in range(0, len(packed), _SIZE)]

    def packed(self, address: int, code: bytes) -> bytearray:
        """The same as an array of the C structure."""
        offsets, keys = _scan(code)
        known = self._table.decoded
        missing = [i for i, key in enumerate(keys) if key not in known]
        if missing:
            self._decode(address, code, offsets, keys, missing[0], missing[-1])
        packed = bytearray().join(known[key] for key in keys)
        for i, offset in enumerate(offsets):
            struct.pack_into("<H", packed, i * _SIZE + _OFFSET_AT, offset)
        return packed

    def _decode(self, address: int, code: bytes, offsets: list[int], keys: list[bytes], first: int, last: int) -> None:
        while len(keys[first]) > 4:  # Capstone has to see the IT instruction as well
            first -= 1
        known = self._table.decoded
        index = first
        for instruction in self._capstone.disasm(code[offsets[first] :], address + offsets[first], last + 1 - first):
            if keys[index] not in known:
                known[keys[index]] = bytes(self._operation(instruction))
            index += 1
        if index <= last:
            at = offsets[index]
            text = code[at : at + 4].hex(" ", 2)
            raise BoardError(f"cycle model: 0x{address + at:08x}: {text} is not an instruction that it knows")

    def _operation(self, instruction: Any) -> Operation:
        name = name_of(instruction)
        row = self._table.classes.get(name)
        if row is None:
            raise BoardError(
                f"cycle model: no timing for `{instruction.mnemonic} {instruction.op_str}` "
                f"at 0x{instruction.address:08x}; add {name} to a class of cortex_m7.toml"
            )
        return self._pack(roles_of(self._table, row, instruction), instruction.size)

    def _pack(self, roles: Roles, size: int) -> Operation:
        operation = Operation()
        for tag in roles.tags:
            operation.tags |= self._table.tags[tag]
            operation.conflicts |= self._table.conflicts[tag]
        operation.flags, operation.size = roles.flags, size
        operation.cycles, operation.cause = roles.cycles, _MULTI_CYCLE
        operation.accesses = roles.accesses
        operation.source_count = min(len(roles.sources), MAX_OPERANDS)
        operation.destination_count = min(len(roles.destinations), MAX_OPERANDS)
        for source, values in zip(operation.sources, roles.sources, strict=False):
            source.reg, source.use = values
        for destination, written in zip(operation.destinations, roles.destinations, strict=False):
            destination.reg, destination.kind, destination.beat = written
        return operation


def _scan(code: bytes) -> tuple[list[int], list[bytes]]:
    """Offsets of the instructions, and what each is known by: its encoding, within an IT block its place there too."""
    offsets, keys = [], []
    at, conditional, place = 0, 0, b""
    while at < len(code):
        first = int.from_bytes(code[at : at + 2], "little")
        size = 4 if first >> 11 >= 0x1D else 2  # ARMv7-M ARM A5.1
        encoding = code[at : at + size]
        offsets.append(at)
        keys.append(place + bytes((conditional,)) + encoding if conditional else encoding)
        conditional = max(0, conditional - 1)
        if first & 0xFF00 == 0xBF00 and first & 0xF:
            mask = first & 0xF
            place, conditional = encoding, 4 - ((mask & -mask).bit_length() - 1)
        at += size
    return offsets, keys
