"""Run kernels in the bench image on the virtual board: outputs checked, instructions and cycles counted."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from kws_tflm.bench.image import BlobImage
from kws_tflm.bench.paper import reference
from kws_tflm.bench.paper.blob import Blob
from kws_tflm.bench.paper.methods import Kernel
from kws_tflm.errors import BoardError
from kws_tflm.virtual_board import Board
from kws_tflm.virtual_board.timing import Counters, TimingOptions

_MAX_INSTRUCTIONS = 20_000_000_000


def measure(image: BlobImage, kernels: Iterable[Kernel], caches: str) -> Iterator[Counters]:
    """Counts of each kernel, in order; as many kernels a run of the board as flash has room for.

    Raises:
        BoardError: a kernel gives another output than the reference, or the image does not come to its end.
    """
    blob = Blob(image.blob_address)
    for kernel in kernels:
        if not blob.add(kernel):
            yield from _run(image, blob, caches)
            blob = Blob(image.blob_address)
            if not blob.add(kernel):
                raise BoardError("a layer is larger than the bench image's flash; make the layer smaller")
    if blob.kernels:
        yield from _run(image, blob, caches)


def _run(image: BlobImage, blob: Blob, caches: str) -> list[Counters]:
    with tempfile.TemporaryDirectory() as folder:
        elf = image.with_blob(blob.data(), Path(folder) / "jobs.elf")
        board = Board(elf, timing=TimingOptions(caches=caches))
    symbols = board.image.symbols
    begun: list[Counters] = []
    taken: list[Counters] = []

    def finished(now: Counters) -> None:
        taken.append(now - begun[-1])
        if len(taken) > 1:
            _check(blob.kernels[len(taken) - 2], board.read_memory(symbols["kws_study_output"], 8192))

    board.add_marker(symbols["kws_study_begin"] & ~1, begun.append)
    board.add_marker(symbols["kws_study_end"] & ~1, finished)
    board.add_marker(symbols["kws_study_done"] & ~1, lambda now: board.stop())
    result = board.run(max_instructions=_MAX_INSTRUCTIONS)
    if len(taken) != len(blob.kernels) + 1:
        raise BoardError(f"the bench image ended after {len(taken)} calls of {len(blob.kernels) + 1}: {result.reason}")
    return [used - taken[0] for used in taken[1:]]


def _check(kernel: Kernel, memory: bytes) -> None:
    tensors, shape = kernel.tensors, kernel.shape
    found = np.frombuffer(memory[: reference.output_bytes(tensors)], tensors.element.dtype)
    if not reference.agree(tensors, found.reshape(shape.positions, shape.out_c)):
        raise BoardError(
            f"{kernel.method.value} in {tensors.element.label} gives a wrong output for {shape}; "
            "run the tests in tests/paper_study"
        )
