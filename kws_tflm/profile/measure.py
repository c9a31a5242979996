"""Profile of a model: build its image, run it, count at the marks around each operator."""

from __future__ import annotations

from pathlib import Path

from kws_tflm.console.protocol import BoardErrorLine, LineParser, ProfileSummary
from kws_tflm.errors import BoardError
from kws_tflm.firmware import DEFAULT_BOARD, Placement, ProfileImage, build_profile
from kws_tflm.firmware.toolchain import Progress, show
from kws_tflm.profile.counts import open_board
from kws_tflm.profile.model_operators import read_operators
from kws_tflm.profile.result import Memory, ModelProfile, OperatorProfile
from kws_tflm.virtual_board import Board
from kws_tflm.virtual_board.session import Tap
from kws_tflm.virtual_board.timing import Counters

MAX_SECONDS = 600.0
"""Virtual time in which an image must have run its two inferences."""


def profile_model(
    model: Path,
    *,
    kernels: str = "m7",
    caches: str = "on",
    placement: Placement | None = None,
    board: str = DEFAULT_BOARD,
    out_dir: Path | None = None,
    progress: Progress = show,
) -> ModelProfile:
    """Profile one inference of an int8 `.tflite`, its own or a foreign one.

    Args:
        model: the file.
        kernels: ``m7``, ``reference`` or ``cmsis_nn``.
        caches: ``on`` as the firmware has them, or ``off``.
        placement: of code, weights and arena; None: the default.
        board: a folder of stm32f7_app/boards.
        out_dir: build folder, default `build/firmware` in the project.
        progress: takes short lines about what is going on.

    Raises:
        ModelError, FirmwareError, ToolMissingError: as `build_profile` does.
        BoardError: the image does not run through.
    """
    image = build_profile(model, board, out_dir, kernels=kernels, placement=placement, progress=progress)
    progress("two inferences on the virtual board")
    try:
        return _run(image, caches)
    finally:
        progress("")


class _Marks:
    """Counters at the taps of the last inference."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._begin: dict[int, Counters] = {}
        self.operators: dict[int, Counters] = {}
        self.total: Counters | None = None
        self.inferences = 0
        board.add_tap(self._tap)

    def _tap(self, identifier: int, data: bytes, instructions: int) -> None:
        now = self._board.counters()
        if identifier == Tap.INFERENCE_BEGIN:
            self._whole = now
            self.operators = {}
        elif identifier == Tap.OPERATOR_BEGIN:
            self._begin[int.from_bytes(data, "little")] = now
        elif identifier == Tap.OPERATOR_END:
            index = int.from_bytes(data, "little")
            self.operators[index] = now - self._begin[index]
        elif identifier == Tap.INFERENCE_END:
            self.total = now - self._whole
            self.inferences += 1


def _run(image: ProfileImage, caches: str) -> ModelProfile:
    facts = read_operators(image.model_data, image.model)
    board = open_board(image.elf, caches)
    marks = _Marks(board)
    summary = _summary(image, board)
    if marks.total is None or marks.inferences != 2 or set(marks.operators) != set(range(len(facts))):
        raise BoardError(f"{image.elf}: the marks of its operators are incomplete; build it again")
    operators = tuple(
        OperatorProfile(
            index,
            fact.name,
            fact.input_shape,
            fact.filter_shape,
            fact.output_shape,
            fact.macs,
            fact.macs_stored,
            fact.weight_bytes,
            marks.operators[index],
        )
        for index, fact in enumerate(facts)
    )
    return ModelProfile(
        model=image.model,
        board=image.board,
        kernels=image.kernels,
        caches=caches,
        placement=image.placement,
        total=marks.total,
        operators=operators,
        memory=Memory(image.arena_bytes, image.flash_bytes, len(image.model_data)),
        output_crc=summary.output_crc,
    )


def _summary(image: ProfileImage, board: Board) -> ProfileSummary:
    """Run until the image has said its last line."""
    parser = LineParser()
    summaries: list[ProfileSummary] = []
    errors: list[BoardErrorLine] = []

    def listen(chunk: bytes) -> None:
        for event in parser.feed(chunk):
            if isinstance(event, ProfileSummary):
                summaries.append(event)
            elif isinstance(event, BoardErrorLine):
                errors.append(event)

    board.on_serial = listen
    result = board.run(stop=lambda: bool(summaries or errors), max_seconds=MAX_SECONDS)
    if errors:
        raise BoardError(f"{image.elf}: {errors[0].code}: {errors[0].message}")
    if result.fault is not None:
        raise BoardError(f"{image.elf}: {result.fault.summary}")
    if not summaries:
        raise BoardError(f"{image.elf}: no result within {MAX_SECONDS:g} s of the virtual board ({result.reason})")
    return summaries[0]
