"""One listening session of the virtual board with its console shown live, for `run`, `parity` and the demo."""

from __future__ import annotations

import io
import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from kws_tflm.console.protocol import Boot, Detection, Event, Stats
from kws_tflm.console.pty import PtyPort
from kws_tflm.console.view import ConsoleView, describe
from kws_tflm.errors import BoardError

SAMPLE_RATE = 16000
TAIL_SECONDS = 2.0
"""Near-silence after the recording: the last word's windows and their smoothing end in it."""
BOOT_SECONDS = 5.0
REPLY_SECONDS = 2.0
FATAL = ("E01", "E02", "E03", "E04", "E05", "E90")

TAP_COLUMN, TAP_INPUT, TAP_OUTPUT, TAP_DETECTION, TAP_HOP = 1, 2, 3, 4, 6


@dataclass
class Recorder:
    """Keeps what the firmware's observation taps deliver (stm32f7_app/core/tap.h)."""

    samples: int = 0
    columns: list[bytes] = field(default_factory=list)
    inputs: list[bytes] = field(default_factory=list)
    outputs: list[bytes] = field(default_factory=list)
    detections: list[bytes] = field(default_factory=list)
    instructions: list[int] = field(default_factory=list)
    """Of each inference."""
    _began: int = 0

    def tap(self, identifier: int, data: bytes, instructions: int) -> None:
        """A callback for `Board.add_tap`."""
        if identifier == TAP_HOP:
            self.samples += len(data) // 2
        elif identifier == TAP_COLUMN:
            self.columns.append(data)
        elif identifier == TAP_INPUT:
            self.inputs.append(data)
            self._began = instructions
        elif identifier == TAP_OUTPUT:
            self.outputs.append(data)
            self.instructions.append(instructions - self._began)
        elif identifier == TAP_DETECTION:
            self.detections.append(data)

    def array(self, records: list[bytes], kind: type[np.generic]) -> NDArray[Any]:
        """Equal-sized records as rows."""
        return np.stack([np.frombuffer(r, kind) for r in records]) if records else np.empty((0, 0), kind)

    def detection_rows(self) -> list[tuple[int, int, int]]:
        """(label index, score in permille, sample) of each detection."""
        layout = np.dtype([("sample", "<u8"), ("label", "<u4"), ("permille", "<u4")])
        rows = (np.frombuffer(record, layout)[0] for record in self.detections)
        return [(int(row["label"]), int(row["permille"]), int(row["sample"])) for row in rows]


@dataclass(frozen=True)
class Listened:
    """What a session gave: the taps' records and what the console printed."""

    view: ConsoleView
    recorder: Recorder
    samples: int
    """Samples of the recording, without the tail after it."""
    instructions: int
    virtual_seconds: float
    wall_seconds: float

    @property
    def detections(self) -> list[Detection]:
        """Keywords that the console printed."""
        return self.view.detections

    @property
    def boot(self) -> Boot | None:
        """The banner."""
        return next((e for e in self.view.events if isinstance(e, Boot)), None)

    def totals(self) -> dict[str, Any]:
        """The last line of `run --json`."""
        stats, counts = self.view.last_stats, self.recorder.instructions
        return {
            "detections": len(self.detections),
            "instructions": self.instructions,
            "inferences": len(counts),
            "instructions_per_inference": round(sum(counts) / max(1, len(counts))),
            "overruns": stats.overruns if stats else None,
            "seconds": round(self.samples / SAMPLE_RATE, 3),
        }


class DetectionLines(ConsoleView):
    """The view of `run --json`: one line a detection, nothing else."""

    def _show_event(self, event: Event) -> None:
        if isinstance(event, Detection):
            self._write(json.dumps({"word": event.word, "score": event.score, "sample": event.sample}))


def listen(
    elf: Path,
    pcm: NDArray[np.int16],
    *,
    view: ConsoleView | None = None,
    paced: bool = False,
    pty: PtyPort | None = None,
) -> Listened:
    """Play `pcm` into the firmware `elf`, its console into `view` and, if given, into `pty`.

    At the end of the recording the board is asked for its statistics.

    Raises:
        BoardError: the image cannot run, meets something that is not modelled, does not boot, or reports
            an error from which it does not recover.
    """
    from kws_tflm.virtual_board import Board

    view = view or ConsoleView(io.StringIO())
    recorder = Recorder()
    board = Board(elf, pcm, paced=paced)
    board.add_tap(recorder.tap)

    def on_serial(data: bytes) -> None:
        view.feed(data)
        if pty is not None:
            pty.write(data)

    def on_poll() -> None:
        if pty is not None and (typed := pty.read()):
            board.send(typed)

    board.on_serial = on_serial
    if pty is not None:
        board.on_poll = on_poll
    wall = time.monotonic()
    board.run(stop=lambda: bool(recorder.samples) or _fatal(view) is not None, max_seconds=BOOT_SECONDS)
    _require_running(elf, view, recorder)
    end = len(pcm) + int(TAIL_SECONDS * SAMPLE_RATE)
    board.run(
        stop=lambda: recorder.samples >= end or _fatal(view) is not None,
        max_seconds=end / SAMPLE_RATE + BOOT_SECONDS,
    )
    answered = len(view.events)
    board.send(b"stats\n")
    result = board.run(
        stop=lambda: any(isinstance(e, Stats) for e in view.events[answered:]), max_seconds=REPLY_SECONDS
    )
    if pty is not None:
        pty.drain()
    fatal = _fatal(view)
    if fatal is not None:
        raise BoardError(f"{elf}: {fatal}")
    return Listened(view, recorder, len(pcm), result.instructions, result.virtual_seconds, time.monotonic() - wall)


def open_pty(out: TextIO | None = None) -> PtyPort:
    """A pseudo-terminal for the console, with a reader attached; waits for it."""
    port = PtyPort()
    print(f"console: {port.path}; attach with: kws-tflm monitor --port {port.path}", file=out or sys.stderr, flush=True)
    port.wait_attached()
    return port


def _fatal(view: ConsoleView) -> str | None:
    """What the board said when it gave up."""
    error = next((e for e in view.board_errors if e.code in FATAL), None)
    return None if error is None else describe(error)


def _require_running(elf: Path, view: ConsoleView, recorder: Recorder) -> None:
    if recorder.samples:
        return
    said = _fatal(view) or (describe(view.events[-1]) if view.events else "nothing on its console")
    raise BoardError(f"{elf}: the firmware takes no sound from its microphone: {said}")
