"""The steps of `kws-tflm demo`, each of which uses what an earlier run left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from kws_tflm.cli.artefacts import RunFolder, read_model
from kws_tflm.cli.output import kilobytes
from kws_tflm.config import Config
from kws_tflm.console.score import Label, Score, load_labels, score

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kws_tflm.cli.session import Listened
    from kws_tflm.data import Dataset
    from kws_tflm.evaluate.parity import ParityReport
    from kws_tflm.firmware import FirmwareImage
    from kws_tflm.virtual_board.timing import Counters

SAMPLE_RATE = 16000


class Demo:
    """Keeps the artefacts as the steps make them; every step returns a line about what it did."""

    def __init__(self, config: Config, config_text: str, out: Path, cache: Path, board: str) -> None:
        self.config, self.out, self.board = config, out, board
        self.run_folder = RunFolder(out / "runs" / f"{config.name}-{config.hash}")
        self._text, self._cache = config_text, cache
        self._dataset: Dataset | None = None
        self._image: FirmwareImage | None = None
        self._pcm: NDArray[np.int16] | None = None
        self._labels: list[Label] = []
        self._heard: Listened | None = None
        self._score: Score | None = None
        self._parity: ParityReport | None = None
        self._inference: Counters | None = None
        self._accuracy: dict[str, Any] = {}

    def data(self) -> str:
        """Make or find the data set."""
        from kws_tflm.data import load_dataset

        self._dataset = load_dataset(self.config, None, self._cache)
        totals = {name: sum(counts.values()) for name, counts in self._dataset.counts().items()}
        return f"{self._dataset.source}: " + ", ".join(f"{name} {count} clips" for name, count in totals.items())

    def train(self) -> str:
        """Train what is not trained yet."""
        from kws_tflm.cli.pipeline import train

        report = train(self.config, self._data, self.run_folder.path, self._cache, config_text=self._text)
        stages = report["stages"]
        return ", ".join(f"{name} {stage['test']['accuracy']:.1%}" for name, stage in stages.items()) + " on test clips"

    def convert(self) -> str:
        """Convert unless the models are there and belong to this run."""
        from kws_tflm.cli.pipeline import convert, is_converted

        reused = is_converted(self.run_folder)
        if not reused:
            convert(self.run_folder, self._data, self._cache)
        sizes = [kilobytes(path.stat().st_size) for path in (self.run_folder.dense, self.run_folder.sparse)]
        return f"dense {sizes[0]}, sparse {sizes[1]}" + (" (from before)" if reused else "")

    def firmware(self) -> str:
        """Build (or find) the firmware around the sparse model."""
        from kws_tflm.firmware import build

        self._image = build(self.run_folder.sparse, board=self.board)
        return (
            f"flash {kilobytes(self._image.flash_bytes)}, arena {kilobytes(self._image.arena_bytes)}: {self._image.elf}"
        )

    def listen(self, out: TextIO) -> str:
        """Let the virtual board hear the labelled stream; draws the timeline."""
        from kws_tflm.cli.session import listen
        from kws_tflm.console.view import ConsoleView
        from kws_tflm.report.timeline import draw_timeline

        assert self._image is not None
        self._pcm, self._labels = self._stream()
        self._heard = listen(self._image.elf, self._pcm, view=ConsoleView(out))
        self._score = score(self._heard.detections, self._labels, self.config.data.words)
        draw_timeline(self._pcm, self._score, self.out / "timeline.png", self.config.name)
        speed = len(self._pcm) / SAMPLE_RATE / max(self._heard.wall_seconds, 1e-9)
        counts = ", ".join(f"{count} {name}" for name, count in self._score.counts().items())
        return f"{counts}; {speed:.1f} times faster than real time"

    def check(self, parity_seconds: float) -> str:
        """Accuracy of the float, int8 and sparse model on the test split; parity on the start of the stream."""
        from kws_tflm.cli.parity import follow_run
        from kws_tflm.cli.pipeline import stage_accuracies
        from kws_tflm.profile import profile_model
        from kws_tflm.profile.result import milliseconds

        assert self._image is not None
        assert self._pcm is not None
        self._accuracy = stage_accuracies(self.run_folder, self._data, self._cache)
        pcm = self._pcm[: int(parity_seconds * SAMPLE_RATE)]
        self._parity = follow_run(pcm, self.run_folder, self._image.elf)
        self._inference = profile_model(self.run_folder.sparse, board=self.board, progress=lambda line: None).total
        return f"parity: {self._parity.verdict}; an inference {milliseconds(self._inference.cycles):.2f} ms (modelled)"

    def summary(self, seconds: dict[str, float]) -> dict[str, Any]:
        """Everything that the demo reports, as plain values."""
        from kws_tflm.cli.pipeline import digest

        assert self._image is not None
        assert self._heard is not None
        assert self._score is not None
        assert self._parity is not None
        assert self._inference is not None
        totals = self._heard.totals()
        boot = self._heard.boot
        return {
            "config": self.config.hash,
            "run": str(self.run_folder.path),
            "words": self._score.counts(),
            "voices": _by_voice(self._score),
            "missed_words": [label.word for label in self._score.missed],
            "false_words": [detection.word for detection in self._score.false],
            "accuracy": self._accuracy,
            "firmware": {
                "elf": str(self._image.elf),
                "board": self.board,
                "flash_bytes": self._image.flash_bytes,
                "arena_used": boot.arena_used if boot else self._image.arena_used,
                "arena_bytes": self._image.arena_bytes,
            },
            "models": {
                name: {"file": str(path), "bytes": path.stat().st_size, "sha256": digest(read_model(path))}
                for name, path in (("dense", self.run_folder.dense), ("sparse", self.run_folder.sparse))
            },
            "instructions_per_inference": totals["instructions_per_inference"],
            "cycles_per_inference": self._inference.cycles,
            "overruns": totals["overruns"],
            "parity": {"same": self._parity.first_failure is None, "verdict": self._parity.verdict},
            "seconds": seconds,
            "timeline": str(self.out / "timeline.png"),
            "stream": str(self._stream_wav),
        }

    @property
    def _data(self) -> Dataset:
        assert self._dataset is not None
        return self._dataset

    @property
    def _stream_wav(self) -> Path:
        return self.out / "stream.wav"

    def _stream(self) -> tuple[NDArray[np.int16], list[Label]]:
        """The labelled stream, kept in the demo's folder."""
        from kws_tflm.cli.data import copy_stream
        from kws_tflm.data import read_wav

        labels = copy_stream(self.config, self._cache, self._stream_wav)
        return read_wav(self._stream_wav), load_labels(labels)


def _by_voice(result: Score) -> dict[str, dict[str, int]]:
    """Words said and heard of the neural voice and of the espeak voices."""
    counts: dict[str, dict[str, int]] = {}
    heard = [label for label, _ in result.heard]
    for label in (*heard, *result.missed):
        kind = "espeak voices" if "+" in label.voice else "neural voice"
        entry = counts.setdefault(kind, {"said": 0, "heard": 0})
        entry["said"] += 1
        entry["heard"] += label in heard
    return dict(sorted(counts.items()))
