"""One listening session of the virtual board with its console shown live, for `run`, `parity` and the demo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kws_tflm.console.protocol import Boot, Detection
from kws_tflm.console.view import ConsoleView

if TYPE_CHECKING:
    from kws_tflm.virtual_board.session import SessionResult

FATAL = ("E01", "E02", "E03", "E04", "E05", "E90")


@dataclass(frozen=True)
class Listened:
    """What a session gave: the board's own result, and what its console printed."""

    result: SessionResult
    view: ConsoleView
    samples: int
    """Samples of the recording, without the tail after it."""
    wall_seconds: float

    @property
    def detections(self) -> list[Detection]:
        """Keywords that the console printed."""
        return self.view.detections

    @property
    def boot(self) -> Boot | None:
        """The banner."""
        return next((e for e in self.view.events if isinstance(e, Boot)), None)

    @property
    def labels(self) -> tuple[str, ...]:
        """Class names from the banner."""
        return self.boot.labels if self.boot else ()

    def totals(self) -> dict[str, Any]:
        """The last line of `run --json`."""
        stats = self.view.last_stats
        per_inference = self.result.instructions_per_inference
        return {
            "detections": len(self.detections),
            "instructions": int(self.result.instructions),
            "inferences": len(self.result.outputs),
            "instructions_per_inference": round(float(sum(per_inference)) / max(1, len(per_inference))),
            "overruns": stats.overruns if stats else 0,
            "seconds": round(self.samples / 16000, 3),
        }
