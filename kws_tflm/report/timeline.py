"""A recording drawn over time: what was said above the waveform, what was heard below it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kws_tflm.console.score import Score

SAMPLE_RATE = 16000
ROW_SECONDS = 30
POINTS_PER_ROW = 1500
HEARD, MISSED, FALSE = "#2a7f3f", "#b3261e", "#c77700"


def draw_timeline(pcm: NDArray[np.int16], score: Score, path: Path, title: str = "") -> None:
    """Write a PNG: `pcm` (16 kHz) in rows of 30 s, words said (heard green, missed red), words heard (false orange)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    row_samples = ROW_SECONDS * SAMPLE_RATE
    rows = max(1, -(-len(pcm) // row_samples))
    figure = Figure(figsize=(14, 1.2 + 1.7 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    axes = np.atleast_1d(figure.subplots(rows, 1))
    peak = max(1, int(np.abs(pcm.astype(np.int32)).max(initial=0)))
    for row, axis in enumerate(axes):
        start = row * row_samples
        _waveform(axis, pcm[start : start + row_samples], start, peak)
        _words(axis, score, start, start + row_samples)
        axis.set_xlim(start / SAMPLE_RATE, (start + row_samples) / SAMPLE_RATE)
        axis.set_ylim(-1.75, 1.75)
        axis.set_yticks([])
    axes[-1].set_xlabel("seconds")
    counts = score.counts()
    summary = ", ".join(f"{counts[name]} {name}" for name in ("said", "heard", "missed", "false"))
    figure.suptitle(f"{title}: {summary}" if title else summary, fontsize=11)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    figure.savefig(partial, dpi=100, format="png")
    partial.replace(path)


def _waveform(axis: Any, pcm: NDArray[np.int16], start: int, peak: int) -> None:
    """The envelope: lowest and highest sample of each of `POINTS_PER_ROW` pieces."""
    step = max(1, ROW_SECONDS * SAMPLE_RATE // POINTS_PER_ROW)
    whole = pcm[: len(pcm) // step * step].reshape(-1, step) / peak
    seconds = (start + step * np.arange(len(whole))) / SAMPLE_RATE
    axis.fill_between(seconds, whole.min(axis=1, initial=0), whole.max(axis=1, initial=0), color="#7a8794", lw=0)


def _words(axis: Any, score: Score, start: int, end: int) -> None:
    said = [(label, HEARD) for label, _ in score.heard] + [(label, MISSED) for label in score.missed]
    for label, colour in said:
        if start <= label.start < end:
            axis.axvspan(label.start / SAMPLE_RATE, label.end / SAMPLE_RATE, color=colour, alpha=0.15, lw=0)
            middle = (label.start + label.end) / 2 / SAMPLE_RATE
            axis.text(middle, 1.15, label.word, color=colour, ha="center", fontsize=8)
    detected = [(detection, HEARD) for _, detection in score.heard] + [(d, FALSE) for d in score.false]
    for detection, colour in detected:
        if start <= detection.sample < end:
            seconds = detection.sample / SAMPLE_RATE
            axis.plot([seconds, seconds], [-1.05, 0], color=colour, lw=1)
            axis.text(seconds, -1.15, detection.word, color=colour, ha="center", va="top", fontsize=8)
