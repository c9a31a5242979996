"""Structural check of a `.tflite` before the object API, which trusts every offset, reads it.

Follows the tables of TFLite's schema that this project edits and stays inside the buffer; operator
options are checked for their extent only. Tables are counted, so that a file whose offsets all point
at one place cannot unfold into billions of objects.
"""

from __future__ import annotations

import struct

FILE_IDENTIFIER = b"TFL3"
MAX_TABLES = 200_000

# Field kinds by vtable slot. ("vector", n): elements of n bytes. ("tables", T), ("table", T): offsets to
# table T. ("scalar", n). "refused": a feature that int8 microcontroller models do not have.
_SCALAR = {width: ("scalar", width) for width in (1, 2, 4, 8)}
_VECTOR = {width: ("vector", width) for width in (1, 4, 8)}
_STRING = ("vector", 1)
_OPAQUE = ("table", "Opaque")
_REFUSED = ("refused", 0)
_TABLES: dict[str, dict[int, tuple[str, int | str]]] = {
    "Model": {
        0: _SCALAR[4],
        1: ("tables", "OperatorCode"),
        2: ("tables", "SubGraph"),
        3: _STRING,
        4: ("tables", "Buffer"),
        5: _VECTOR[4],
        6: ("tables", "Metadata"),
        7: ("tables", "SignatureDef"),
        8: _REFUSED,
        9: _REFUSED,
    },
    "OperatorCode": {0: _SCALAR[1], 1: _STRING, 2: _SCALAR[4], 3: _SCALAR[4]},
    "SubGraph": {
        0: ("tables", "Tensor"),
        1: _VECTOR[4],
        2: _VECTOR[4],
        3: ("tables", "Operator"),
        4: _STRING,
        5: _SCALAR[4],
    },
    "Tensor": {
        0: _VECTOR[4],
        1: _SCALAR[1],
        2: _SCALAR[4],
        3: _STRING,
        4: ("table", "Quantization"),
        5: _SCALAR[1],
        6: _REFUSED,
        7: _VECTOR[4],
        8: _SCALAR[1],
        9: _REFUSED,
        10: _SCALAR[4],
    },
    "Quantization": {
        0: _VECTOR[4],
        1: _VECTOR[4],
        2: _VECTOR[4],
        3: _VECTOR[8],
        4: _SCALAR[1],
        5: _REFUSED,
        6: _SCALAR[4],
    },
    "Operator": {
        0: _SCALAR[4],
        1: _VECTOR[4],
        2: _VECTOR[4],
        3: _SCALAR[1],
        4: _OPAQUE,
        5: _VECTOR[1],
        6: _SCALAR[1],
        7: _VECTOR[1],
        8: _VECTOR[4],
        9: _SCALAR[8],
        10: _SCALAR[8],
        11: _SCALAR[1],
        12: _REFUSED,
        13: _SCALAR[4],
    },
    "Buffer": {0: _VECTOR[1], 1: _SCALAR[8], 2: _SCALAR[8]},
    "Metadata": {0: _STRING, 1: _SCALAR[4]},
    "SignatureDef": {0: ("tables", "TensorMap"), 1: ("tables", "TensorMap"), 2: _STRING, 4: _SCALAR[4]},
    "TensorMap": {0: _STRING, 1: _SCALAR[4]},
    "Opaque": {},
}


class MalformedError(ValueError):
    """What is wrong, in a few words."""


def check_structure(data: bytes) -> None:
    """Raise `MalformedError` unless every table, vector and string that the schema names lies inside `data`."""
    if len(data) < 8:
        raise MalformedError("too short for a flatbuffer")
    if data[4:8] != FILE_IDENTIFIER:
        raise MalformedError("not a TFLite flatbuffer (no TFL3 identifier)")
    _Checker(data).table(_Checker(data).u32(0), "Model")


class _Checker:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.tables = 0

    def u32(self, position: int) -> int:
        self.inside(position, 4, "offset")
        return int(struct.unpack_from("<I", self.data, position)[0])

    def inside(self, position: int, size: int, what: str) -> None:
        if position < 0 or position + size > len(self.data):
            raise MalformedError(f"{what} outside the file (truncated or corrupt)")

    def table(self, position: int, name: str) -> None:
        self.tables += 1
        if self.tables > MAX_TABLES:
            raise MalformedError("more tables than any model has")
        self.inside(position, 4, f"{name} table")
        vtable = position - int(struct.unpack_from("<i", self.data, position)[0])
        self.inside(vtable, 4, f"{name} vtable")
        vtable_size, table_size = struct.unpack_from("<HH", self.data, vtable)
        if vtable_size < 4 or vtable_size % 2 or table_size < 4:
            raise MalformedError(f"{name} vtable is malformed")
        self.inside(vtable, vtable_size, f"{name} vtable")
        self.inside(position, table_size, f"{name} table")
        offsets = struct.unpack_from(f"<{vtable_size // 2 - 2}H", self.data, vtable + 4)
        fields = _TABLES[name]
        for slot, offset in enumerate(offsets):
            kind, argument = fields.get(slot, ("scalar", 1))
            width = int(argument) if kind == "scalar" else 4
            if offset == 0:
                continue
            if offset < 4 or offset + width > table_size:
                raise MalformedError(f"{name} field {slot} outside its table")
            self.field(position + offset, kind, argument, name)

    def field(self, position: int, kind: str, argument: int | str, owner: str) -> None:
        if kind == "scalar":
            return
        if kind == "refused":
            raise MalformedError(f"{owner} uses a feature that microcontroller models do not have")
        target = position + self.u32(position)
        if kind == "table":
            self.table(target, str(argument))
            return
        count = self.u32(target)
        self.inside(target + 4, count * (int(argument) if kind == "vector" else 4), f"{owner} vector")
        if kind == "tables":
            for element in range(target + 4, target + 4 + 4 * count, 4):
                self.table(element + self.u32(element), str(argument))
