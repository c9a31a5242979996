"""Models as the bench image has them in flash (stm32f7_app/bench_ops/model_blob.h)."""

from __future__ import annotations

import struct
from collections.abc import Sequence

_HEADER = struct.Struct("<2I")
_ENTRY = struct.Struct("<2I")
_ALIGNMENT = 32  # a cache line


def blob_bytes(models: Sequence[bytes]) -> int:
    """Size of the blob of `models`."""
    return _aligned(_HEADER.size + _ENTRY.size * len(models)) + sum(_aligned(len(model)) for model in models)


def make_blob(models: Sequence[bytes], address: int) -> bytes:
    """The bytes at `address`, which is on a cache line: header, entries, models."""
    start = _aligned(_HEADER.size + _ENTRY.size * len(models))
    entries, data = bytearray(), bytearray()
    for model in models:
        entries += _ENTRY.pack(address + start + len(data), len(model))
        data += model.ljust(_aligned(len(model)), b"\0")
    head = _HEADER.pack(len(models), address + _HEADER.size) + entries
    return bytes(head.ljust(start, b"\0") + data)


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
