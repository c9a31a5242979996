"""One listening session of the virtual board with its console shown live, for `run`, `parity` and the demo."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np
from numpy.typing import NDArray

from kws_tflm.console.protocol import BoardErrorLine, Boot, Detection, Event, OperatorCycles, Stats
from kws_tflm.console.pty import PtyPort
from kws_tflm.console.view import ConsoleView, describe
from kws_tflm.errors import BoardError

if TYPE_CHECKING:
    from kws_tflm.virtual_board import Board, RunResult
    from kws_tflm.virtual_board.session import TapRecorder

SAMPLE_RATE = 16000
TAIL_SECONDS = 2.0
"""Near-silence after the recording: the last word's windows and their smoothing end in it."""
BOOT_SECONDS = 5.0
REPLY_SECONDS = 2.0
FATAL = ("E01", "E02", "E03", "E04", "E05", "E90")


@dataclass(frozen=True)
class Listened:
    """What a session gave: the taps' records and what the console printed."""

    view: ConsoleView
    recorder: TapRecorder
    samples: int
    """Samples of the recording, without the tail after it."""
    instructions: int
    wall_seconds: float
    timed: bool
    """The board ran with the cycle model."""

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
        stats, counts = self.view.last_stats, self.recorder.inference_instructions
        operators = [{"name": e.name, "cycles": e.cycles} for e in self.view.events if isinstance(e, OperatorCycles)]
        return {
            "detections": len(self.detections),
            "instructions": self.instructions,
            "inferences": len(counts),
            "instructions_per_inference": _mean(counts),
            **(self._cycles() if self.timed else {}),
            "overruns": stats.overruns if stats else None,
            "seconds": round(self.samples / SAMPLE_RATE, 3),
            **({"operators": operators} if operators else {}),
        }

    def _cycles(self) -> dict[str, int]:
        """Modelled, interrupts included."""
        return {
            "cycles_per_inference": _mean(self.recorder.inference_cycles),
            "cycles_per_column": _mean(self.recorder.column_cycles),
        }


def _mean(values: Sequence[int]) -> int:
    return round(sum(values) / max(1, len(values)))


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
    profile: bool = False,
    timing: bool = False,
) -> Listened:
    """Play `pcm` into the firmware `elf`, its console into `view` and, if given, into `pty`.

    At the end of the recording the board is asked for its statistics and, with `profile`, for the cycles of each
    operator of its last inference. With `timing` the board's clock is the cycle model's, else one instruction takes
    one cycle, which is several times faster to run.

    Raises:
        BoardError: the image cannot run, meets something that is not modelled, does not boot, or reports
            an error from which it does not recover.
    """
    from kws_tflm.virtual_board import Board
    from kws_tflm.virtual_board.session import TapRecorder
    from kws_tflm.virtual_board.timing import TimingOptions

    view = view or ConsoleView(io.StringIO())
    board = Board(elf, pcm, paced=paced, timing=TimingOptions() if timing else None)
    recorder = TapRecorder(board)

    def on_serial(data: bytes) -> None:
        view.feed(data)
        if pty is not None:
            pty.write(data)

    def on_poll() -> None:
        if pty is not None and (typed := pty.read()):
            board.send(typed)

    def run(stop: Callable[[], bool], max_seconds: float) -> RunResult:
        result = board.run(stop=lambda: stop() or _fatal(view) is not None, max_seconds=max_seconds)
        _require_sound(elf, view, board, result)
        return result

    board.on_serial = on_serial
    if pty is not None:
        board.on_poll = on_poll
    wall = time.monotonic()
    run(lambda: bool(recorder.samples), BOOT_SECONDS)
    if not recorder.samples:
        said = describe(view.events[-1]) if view.events else "nothing on its console"
        raise BoardError(f"{elf}: the firmware takes no sound from its microphone: {said}")
    end = len(pcm) + int(TAIL_SECONDS * SAMPLE_RATE)
    run(lambda: recorder.samples >= end, end / SAMPLE_RATE + BOOT_SECONDS)
    answered = len(view.events)
    board.send(b"stats\n")
    result = run(lambda: any(isinstance(e, Stats) for e in view.events[answered:]), REPLY_SECONDS)
    if profile:
        answered = len(view.events)
        board.send(b"profile\n")
        result = run(lambda: _ends_profile(view.events[answered:]), REPLY_SECONDS)
    if pty is not None:
        pty.drain()
    for warning in board.warnings:
        print(f"virtual board: {warning}", file=sys.stderr, flush=True)
    return Listened(view, recorder, len(pcm), result.instructions, time.monotonic() - wall, timing)


def _ends_profile(events: list[Event]) -> bool:
    """The last operator was answered, or an error (no inference yet)."""
    return any(
        isinstance(e, BoardErrorLine) or (isinstance(e, OperatorCycles) and e.index == e.operators - 1) for e in events
    )


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


def _require_sound(elf: Path, view: ConsoleView, board: Board, result: RunResult) -> None:
    """Refuse to go on after a fault, a reset that nobody asked for, or an error that stops the firmware."""
    if result.fault is not None:
        raise BoardError(f"{elf}: {result.fault.summary}")
    fatal = _fatal(view)
    if fatal is not None:
        raise BoardError(f"{elf}: {fatal}")
    if board.resets:
        raise BoardError(f"{elf}: {board.resets[0].reason} reset in {board.resets[0].where}")
