"""Run models in the bench image on the virtual board: outputs, instructions and cycles of their operators."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kws_tflm.bench.image import BlobImage
from kws_tflm.bench.ops.blob import blob_bytes, make_blob
from kws_tflm.errors import BoardError
from kws_tflm.virtual_board import Board
from kws_tflm.virtual_board.session import Tap
from kws_tflm.virtual_board.timing import Counters, TimingOptions

_MODEL_LOADED, _MODEL_FAILED, _ALL_DONE = 100, 101, 102  # stm32f7_app/bench_ops/main.cc
_MAX_INSTRUCTIONS = 100_000_000_000
_WARM, _COLD = 2, 3
"""Inferences: after one that warms up, and after the data cache was emptied."""


@dataclass(frozen=True)
class Measured:
    """One inference of a model: the sum of its operators, marks included as in `kws-tflm profile`."""

    instructions: int
    cycles: int
    """Data cache empty, instruction cache and branch predictor warm: as in a network, where other layers' weights
    went through the one while the other holds all code."""
    cycles_warm: int
    """Data cache as the same layer left it."""
    stalls: dict[str, int]
    """Of `cycles`."""
    arena_bytes: int
    """Of the model in TFLM, scratch included."""
    output_crc: str
    """CRC-32 of the output for the pseudo-random input of `kws_tflm.profile.stimulus`."""


@dataclass(frozen=True)
class Refused:
    """The image does not take the model."""

    reason: str


Result = Measured | Refused


def measure(
    image: BlobImage, models: Sequence[bytes], done: Callable[[int, Result], None] = lambda index, found: None
) -> list[Result]:
    """Measure all `models`, as many a run of the board as the image has room for.

    Args:
        image: the bench image.
        models: `.tflite` files of operators that the image has.
        done: called after each with its index.

    Raises:
        BoardError: the image does not come to its end.
    """
    found: list[Result] = []
    for batch in _batches(models, image.blob_bytes):
        first = len(found)
        found += _run(image, batch, lambda index, result, first=first: done(first + index, result))  # type: ignore[misc]
    return found


def _batches(models: Sequence[bytes], room: int) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    for model in models:
        if batch and blob_bytes([*batch, model]) > room:
            yield batch
            batch = []
        batch.append(model)
    if batch:
        yield batch


class _Watch:
    """Follows the taps of the image."""

    def __init__(self, board: Board, done: Callable[[int, Result], None]) -> None:
        self._board, self._done = board, done
        self._arena = self._inferences = 0
        self._uses: list[Counters] = []
        self._warm = 0
        self.found: list[Result] = []
        self.ended = False
        board.add_tap(self._tap)

    def _tap(self, identifier: int, data: bytes, instructions: int) -> None:
        if identifier == _MODEL_LOADED:
            self._arena, self._inferences = int.from_bytes(data, "little"), 0
        elif identifier == Tap.INFERENCE_BEGIN:
            self._uses = []
        elif identifier == Tap.OPERATOR_BEGIN:
            self._begin = self._board.counters()
        elif identifier == Tap.OPERATOR_END:
            self._uses.append(self._board.counters() - self._begin)
        elif identifier == Tap.INFERENCE_END:
            self._inferences += 1
            if self._inferences == _WARM:
                self._warm = sum(use.cycles for use in self._uses)
            elif self._inferences == _COLD:
                self._add(self._measured(data))
        elif identifier == _MODEL_FAILED:
            self._add(Refused(data.decode("utf-8", "replace")))
        elif identifier == _ALL_DONE:
            self.ended = True
            self._board.stop()

    def _measured(self, output: bytes) -> Measured:
        stalls: dict[str, int] = {}
        for use in self._uses:
            for cause, cycles in use.stalls.items():
                if cycles:
                    stalls[cause] = stalls.get(cause, 0) + cycles
        return Measured(
            instructions=sum(use.instructions for use in self._uses),
            cycles=sum(use.cycles for use in self._uses),
            cycles_warm=self._warm,
            stalls=stalls,
            arena_bytes=self._arena,
            output_crc=f"{zlib.crc32(output):08x}",
        )

    def _add(self, result: Result) -> None:
        self.found.append(result)
        self._done(len(self.found) - 1, result)


def _run(image: BlobImage, models: Sequence[bytes], done: Callable[[int, Result], None]) -> list[Result]:
    with tempfile.TemporaryDirectory() as folder:
        elf = image.with_blob(make_blob(models, image.blob_address), Path(folder) / "models.elf")
        board = Board(elf, timing=TimingOptions())
    board.on_fault = lambda report: None
    watch = _Watch(board, done)
    result = board.run(stop=lambda: watch.ended, max_instructions=_MAX_INSTRUCTIONS)
    if not watch.ended or len(watch.found) != len(models):
        reason = result.fault.summary if result.fault is not None else result.reason
        raise BoardError(f"the bench image ended after {len(watch.found)} of {len(models)} models: {reason}")
    return watch.found
