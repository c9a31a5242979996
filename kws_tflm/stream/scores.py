"""The scores of every inference over a stream, by the firmware's own pipeline on the host, computed once."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from kws_tflm.config import Config, DetectorConfig
from kws_tflm.errors import AudioError, ParityError
from kws_tflm.runtime import Detection, Detector, Spotter

_PIECE_SECONDS = 30


@dataclass(frozen=True)
class RecordedScores:
    """What the detector is given over a stream, and all that it needs to replay it."""

    outputs: npt.NDArray[np.int8]
    """[inferences, classes]."""
    ends: npt.NDArray[np.int64]
    """[inferences]: end of each window, in samples since the start."""
    config: Config
    labels: tuple[str, ...]
    samples: int
    """Length of the stream."""

    @property
    def hours(self) -> float:
        """Length of the stream."""
        return self.samples / self.config.features.sample_rate / 3600.0

    @property
    def keywords(self) -> tuple[str, ...]:
        """Labels that the detector may report."""
        return tuple(label for label in self.labels if not label.startswith("_"))

    def detections(self, detector: DetectorConfig) -> list[Detection]:
        """What the firmware's detector reports with these settings."""
        replay = Detector(detector, self.labels, self.config.features.sample_rate)
        found = (replay.update(scores, end) for scores, end in zip(self.outputs, self.ends.tolist(), strict=True))
        return [detection for detection in found if detection is not None]

    def first(self, samples: int) -> RecordedScores:
        """The inferences whose windows end within the first `samples`."""
        count = int(np.searchsorted(self.ends, samples, side="right"))
        return replace(self, outputs=self.outputs[:count], ends=self.ends[:count], samples=min(samples, self.samples))


def record_scores(
    model: bytes,
    config: Config,
    pcm: npt.NDArray[np.int16],
    labels: Sequence[str] | None = None,
    *,
    threads: int = 2,
    where: str = "model",
    progress: bool = True,
) -> RecordedScores:
    """Run `Spotter`, the class that the firmware's main loop drives, over `pcm`.

    The stream is cut into `threads` parts at a hop where an inference is due, so that the parts together make the
    very inferences of one run. That is checked: every part but the last also makes the first inference of the next,
    and the detections of the first part are those of its recorded scores.

    Args:
        model: contents of an int8 `.tflite`.
        config: its features; `config.detector.hops_per_inference` decides how often it runs.
        pcm: int16, 16 kHz.
        labels: class names in output order; `config.labels` unless given.
        threads: parts that run at the same time.
        where: the model's name in errors.
        progress: show a progress bar on a terminal.

    Raises:
        AudioError: shorter than one model window.
        ModelError: the model cannot run or does not suit the configuration.
        ParityError: the parts do not fit together: a defect of this program.
    """
    features, hop = config.features, config.features.hop_length
    stride = config.detector.hops_per_inference * hop
    window = -(-features.clip_samples // hop) * hop  # the hop that completes the last column must be there
    if len(pcm) < window:
        raise AudioError(f"the stream has {len(pcm)} samples, one model window takes {window}; give a longer one")
    names = tuple(labels if labels is not None else config.labels)
    count = 1 + (len(pcm) - window) // stride
    bounds = np.linspace(0, count, max(1, min(threads, count // 8)) + 1).astype(int).tolist()
    spans = list(itertools.pairwise(bounds))
    parts = [pcm[first * stride : len(pcm) if last == count else last * stride + window] for first, last in spans]
    hidden = None if progress else True
    stop = threading.Event()
    with (
        tqdm(total=len(pcm), desc="scores", unit="sample", unit_scale=True, leave=False, disable=hidden) as bar,
        ThreadPoolExecutor(len(parts)) as pool,
    ):
        spotters = [Spotter(model, config, names, where=where) for _ in parts]
        try:
            runs = list(pool.map(lambda spotter, part: _run(spotter, part, hop, bar.update, stop), spotters, parts))
        except BaseException:
            stop.set()  # an interruption must not wait for the other part
            raise
    outputs = [run[1] for run in runs]
    for before, after, (first, last) in zip(outputs, outputs[1:], spans, strict=False):
        if len(before) != last - first + 1 or not np.array_equal(before[-1], after[0]):
            raise ParityError(f"{where}: the parts of the stream do not fit together at inference {last}; report this")
    joined = np.concatenate([found[: last - first] for found, (first, last) in zip(outputs, spans, strict=True)])
    ends = np.arange(count, dtype=np.int64) * stride + features.clip_samples
    recorded = RecordedScores(joined, ends, config, names, len(pcm))
    if len(joined) != count or recorded.first(len(parts[0])).detections(config.detector) != runs[0][0]:
        raise ParityError(f"{where}: its scores do not give the detections that the pipeline reported; report this")
    return recorded


def _run(
    spotter: Spotter,
    pcm: npt.NDArray[np.int16],
    hop: int,
    update: Callable[[int], object],
    stop: threading.Event,
) -> tuple[list[Detection], npt.NDArray[np.int8]]:
    """(detections, outputs) of one part, in pieces of whole hops so that the bar moves and memory stays small."""
    piece = _PIECE_SECONDS * 16000 // hop * hop
    detections: list[Detection] = []
    outputs = []
    for start in range(0, len(pcm), piece):
        if stop.is_set():
            break
        samples = pcm[start : start + piece]
        detections += spotter.process(samples)
        outputs.append(spotter.take_recording()[2])
        update(len(samples))
    return detections, np.concatenate(outputs)
