"""Kernel calls and their tensors as the bench image has them in flash (stm32f7_app/bench_paper/study_blob.h)."""

from __future__ import annotations

import struct
from typing import Any

import numpy.typing as npt

from kws_tflm.bench.paper import calls
from kws_tflm.bench.paper.methods import Kernel
from kws_tflm.bench.paper.reference import output_bytes

Array = npt.NDArray[Any]

BLOB_BYTES = 1800 * 1024
BUFFER_BYTES = 8192
"""Input and output of one call."""
SUMS = 256
_HEADER = struct.Struct("<2I")
_JOB = struct.Struct(f"<{len(calls.POINTERS)}I{len(calls.NUMBERS)}iI")
_NO_KERNEL = (-1,) + (0,) * (len(calls.NUMBERS) - 1)
_ALIGNMENT = 32  # a cache line


class Blob:
    """Jobs for one run of the image; arrays that several jobs share are stored once.

    The first job calls no kernel: what it takes is the cost of measuring.
    """

    def __init__(self, address: int) -> None:
        self._address = address
        self._data = bytearray(_HEADER.size)
        self._placed: dict[bytes, int] = {}
        self._jobs = [_JOB.pack(*[0] * len(calls.POINTERS), *_NO_KERNEL, 0)]
        self.kernels: list[Kernel] = []

    def add(self, kernel: Kernel) -> bool:
        """Append a call; False when there is no room left, and nothing has changed.

        Raises:
            ValueError: input, output or number of positions exceed the image's buffers.
        """
        inputs = kernel.tensors.input
        if max(inputs.nbytes, output_bytes(kernel.tensors)) > BUFFER_BYTES or kernel.shape.positions > SUMS:
            raise ValueError("the layer is larger than the buffers of the bench image")
        size, placed = len(self._data), dict(self._placed)
        pointers = calls.pointers(kernel, self._place, 0, 0)
        self._jobs.append(_JOB.pack(*pointers, *calls.numbers(kernel), inputs.nbytes))
        if len(self.data()) > BLOB_BYTES:
            del self._data[size:]
            self._placed = placed
            self._jobs.pop()
            return False
        self.kernels.append(kernel)
        return True

    def data(self) -> bytes:
        """The bytes at the blob's address."""
        data = bytearray(self._data)
        data += bytes(-len(data) % _ALIGNMENT)
        _HEADER.pack_into(data, 0, len(self._jobs), self._address + len(data))
        return bytes(data) + b"".join(self._jobs)

    def _place(self, array: Array) -> int:
        content = array.tobytes()
        key = content + str(array.dtype).encode()
        if key not in self._placed:
            self._data += bytes(-len(self._data) % _ALIGNMENT)
            self._placed[key] = self._address + len(self._data)
            self._data += content
        return self._placed[key]
