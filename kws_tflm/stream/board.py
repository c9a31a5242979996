"""The beginning of a stream on the virtual board, beside what the host made of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kws_tflm.config import DetectorConfig
from kws_tflm.stream.scores import RecordedScores
from kws_tflm.virtual_board.session import run_wav


@dataclass(frozen=True)
class BoardCheck:
    """The same seconds on the virtual board and on the host."""

    seconds: float
    inferences: int
    same_outputs: bool
    """All scores of all inferences are equal."""
    board: list[tuple[int, str, int]]
    """Detections: (sample, word, score in thousandths)."""
    host: list[tuple[int, str, int]]

    @property
    def same(self) -> bool:
        """Scores and detections are equal."""
        return self.same_outputs and self.board == self.host


def check_on_board(
    elf: Path, pcm: npt.NDArray[np.int16], recorded: RecordedScores, detector: DetectorConfig, seconds: float
) -> BoardCheck:
    """Play the first `seconds` of `pcm` into the firmware `elf` and compare with the host.

    Args:
        elf: firmware of the model and configuration of `recorded`, built with `detector`.
        pcm: the stream.
        recorded: its scores on the host.
        detector: settings inside the firmware.
        seconds: how much; at most the stream's length.

    Raises:
        BoardError: the firmware does not run.
    """
    beginning = pcm[: round(seconds * recorded.config.features.sample_rate)]
    expected = recorded.first(len(beginning))
    session = run_wav(elf, beginning, tail_seconds=0.5)
    outputs = session.outputs[: len(expected.outputs)]
    last = int(expected.ends[-1]) if len(expected.ends) else -1
    return BoardCheck(
        seconds=len(beginning) / recorded.config.features.sample_rate,
        inferences=len(outputs),
        same_outputs=np.array_equal(outputs.reshape(expected.outputs.shape), expected.outputs)
        if outputs.size == expected.outputs.size
        else False,
        board=[(at, recorded.labels[label], score) for at, label, score in session.detections if at <= last],
        host=[(d.sample, d.word, round(d.score * 1000)) for d in expected.detections(detector)],
    )
