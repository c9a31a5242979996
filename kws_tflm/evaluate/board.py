"""Many inputs through one booted virtual board.

The unmodified profile image, the model with the firmware's kernels, boots once. As a debugger would, this
module writes each input into the model's input tensor when the image announces an inference, reads the output
when it announces its end, and sets the processor back to where the inference began.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from kws_tflm.console.protocol import BoardErrorLine, LineParser
from kws_tflm.errors import BoardError
from kws_tflm.evaluate.runners import Int8, Int8Model, Outputs
from kws_tflm.firmware import build_profile
from kws_tflm.firmware.toolchain import Progress, show
from kws_tflm.virtual_board import Board
from kws_tflm.virtual_board.session import Tap

BOOT_SECONDS = 60.0
INFERENCE_SECONDS = 60.0
"""Virtual time, of a model that may be much larger than the ones that are made here."""
_TENSOR = 2
"""Place of R1, kws_tap's pointer to the data, in `Board.registers`."""


def board_outputs(
    model: Int8Model, *, kernels: str = "m7", out_dir: Path | None = None, progress: Progress = show
) -> Outputs:
    """By the virtual STM32F767; builds the model's image first.

    Args:
        model: read from a file, which is built into the image.
        kernels: ``m7``, ``reference`` or ``cmsis_nn``.
        out_dir: build folder, default `build/firmware` in the project.
        progress: takes short lines about the build.

    Raises:
        ModelError, FirmwareError, ToolMissingError: as `build_profile` does. Of the function that is returned:
        BoardError, when the image does not run through.
    """
    elf = build_profile(model.path, out_dir=out_dir, kernels=kernels, progress=progress).elf
    progress("")
    return lambda inputs: _Feeder(elf, inputs).run()


class _Feeder:
    """One boot, all inputs."""

    def __init__(self, elf: Path, inputs: Int8) -> None:
        self._elf = elf
        self._inputs = inputs
        self._outputs: list[npt.NDArray[np.int8]] = []
        self._errors: list[BoardErrorLine] = []
        self._begin: list[int] | None = None
        self._tensor = 0
        self._parser = LineParser()
        self._board = Board(elf)
        self._board.add_tap(self._tap)
        self._board.on_serial = self._listen

    def run(self) -> Int8:
        count = len(self._inputs)
        with tqdm(total=count, desc="virtual board", unit="clip", disable=None, leave=False) as bar:
            self._bar = bar
            result = self._board.run(
                stop=lambda: len(self._outputs) == count or bool(self._errors),
                max_seconds=BOOT_SECONDS + INFERENCE_SECONDS * count,
            )
        if self._errors:
            raise BoardError(f"{self._elf}: {self._errors[0].code}: {self._errors[0].message}")
        if result.fault is not None:
            raise BoardError(f"{self._elf}: {result.fault.summary}")
        if len(self._outputs) != count:
            raise BoardError(f"{self._elf}: gave {len(self._outputs)} of {count} outputs ({result.reason})")
        return np.stack(self._outputs)

    def _tap(self, identifier: int, data: bytes, instructions: int) -> None:
        if identifier == Tap.INFERENCE_BEGIN:
            if self._begin is None:
                self._begin = self._board.registers()
                self._tensor = self._begin[_TENSOR]
            values = self._inputs[len(self._outputs)].tobytes()
            if len(values) != len(data):
                raise BoardError(f"{self._elf}: its input has {len(data)} bytes, not {len(values)}; build it again")
            self._board.write_memory(self._tensor, values)
        elif identifier == Tap.INFERENCE_END and self._begin is not None:
            self._outputs.append(np.frombuffer(data, np.int8))
            self._bar.update()
            if len(self._outputs) < len(self._inputs):
                self._board.go_to(self._begin)
            else:
                self._board.stop()

    def _listen(self, chunk: bytes) -> None:
        self._errors += [event for event in self._parser.feed(chunk) if isinstance(event, BoardErrorLine)]
