"""One recording through the firmware: what its taps and its console gave, without a view of the console."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from kws_tflm.errors import BoardError
from kws_tflm.virtual_board.board import Board, RunResult

_Kind = TypeVar("_Kind", bound=np.generic)

BOOT_SECONDS = 5.0
TAIL_SECONDS = 2.0
"""Near-silence after the recording, in which the last word's windows end."""


class Tap(IntEnum):
    """Identifiers of `kws_tap` (stm32f7_app/core/tap.h)."""

    COLUMN = 1
    INFERENCE_BEGIN = 2
    INFERENCE_END = 3
    DETECTION = 4
    BOOTED = 5
    HOP = 6
    OPERATOR_BEGIN = 7
    OPERATOR_END = 8


@dataclass
class TapRecorder:
    """Keeps what the taps deliver. Instruction counts leave out interrupt handlers; cycles do not."""

    board: Board
    samples: int = 0
    """Taken by the feature extractor so far."""
    columns: list[bytes] = field(default_factory=list)
    inputs: list[bytes] = field(default_factory=list)
    outputs: list[bytes] = field(default_factory=list)
    detections: list[bytes] = field(default_factory=list)
    """Detection structures: uint64 sample, uint32 label index, uint32 score in permille."""
    inference_instructions: list[int] = field(default_factory=list)
    column_instructions: list[int] = field(default_factory=list)
    inference_cycles: list[int] = field(default_factory=list)
    """Of the cycle model; on a board that only counts, instructions."""
    column_cycles: list[int] = field(default_factory=list)
    _began: int = 0
    _began_cycles: int = 0

    def __post_init__(self) -> None:
        self.board.add_tap(self._tap)

    def _tap(self, identifier: int, data: bytes, instructions: int) -> None:
        thread_instructions = instructions - self.board.handler_instructions
        if identifier in (Tap.HOP, Tap.COLUMN, Tap.INFERENCE_BEGIN, Tap.INFERENCE_END):
            cycles = self.board.counters().cycles
        if identifier == Tap.HOP:
            self.samples += len(data) // 2
            self._began, self._began_cycles = thread_instructions, cycles
        elif identifier == Tap.COLUMN:
            self.columns.append(data)
            self.column_instructions.append(thread_instructions - self._began)
            self.column_cycles.append(cycles - self._began_cycles)
        elif identifier == Tap.INFERENCE_BEGIN:
            self.inputs.append(data)
            self._began, self._began_cycles = thread_instructions, cycles
        elif identifier == Tap.INFERENCE_END:
            self.outputs.append(data)
            self.inference_instructions.append(thread_instructions - self._began)
            self.inference_cycles.append(cycles - self._began_cycles)
        elif identifier == Tap.DETECTION:
            self.detections.append(data)


@dataclass(frozen=True)
class SessionResult:
    """A recording as the firmware heard it."""

    console: bytes
    features: npt.NDArray[np.int16]
    """[columns, n_features], Q7.8."""
    inputs: npt.NDArray[np.int8]
    """[inferences, values of a model input]."""
    outputs: npt.NDArray[np.int8]
    """[inferences, classes]."""
    detections: list[tuple[int, int, int]]
    """(sample, label index, score in permille)."""
    inference_instructions: list[int]
    column_instructions: list[int]
    run: RunResult

    @property
    def lines(self) -> list[str]:
        """Console lines; bytes that are not ASCII are replaced."""
        return self.console.decode("ascii", "replace").splitlines()


def run_wav(elf: Path | str, pcm: npt.NDArray[np.int16], *, tail_seconds: float = TAIL_SECONDS) -> SessionResult:
    """Boot `elf`, play `pcm` (int16, 16 kHz) and `tail_seconds` of near-silence into its microphone.

    Raises:
        BoardError: the image cannot run, faults, restarts, or never takes a sample.
    """
    board = Board(elf, pcm)
    console = bytearray()
    board.on_serial = console.extend
    recorder = TapRecorder(board)
    end = len(pcm) + int(tail_seconds * board.microphone.sample_rate)
    run = board.run(
        stop=lambda: recorder.samples >= end or bool(board.resets),
        max_seconds=BOOT_SECONDS + end / board.microphone.sample_rate,
    )
    if run.fault is not None:
        raise BoardError(f"{elf}: {run.fault.summary}")
    if board.resets:
        raise BoardError(f"{elf}: {board.resets[0].reason} reset in {board.resets[0].where}")
    if recorder.samples == 0:
        last = console.decode("ascii", "replace").splitlines()[-1:] or ["nothing on its console"]
        raise BoardError(f"{elf}: the firmware takes no sound from its microphone: {last[0]}")
    layout = np.dtype([("sample", "<u8"), ("label", "<u4"), ("permille", "<u4")])
    events = np.frombuffer(b"".join(recorder.detections), layout)
    return SessionResult(
        console=bytes(console),
        features=_rows(recorder.columns, np.int16),
        inputs=_rows(recorder.inputs, np.int8),
        outputs=_rows(recorder.outputs, np.int8),
        detections=[(int(e["sample"]), int(e["label"]), int(e["permille"])) for e in events],
        inference_instructions=recorder.inference_instructions,
        column_instructions=recorder.column_instructions,
        run=run,
    )


def _rows(records: list[bytes], kind: type[_Kind]) -> npt.NDArray[_Kind]:
    return np.stack([np.frombuffer(r, kind) for r in records]) if records else np.empty((0, 0), kind)
