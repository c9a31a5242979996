"""Detections against labels: which words were heard, which missed, what was false.

The rule. A detection carries the sample at the end of the window that tipped it, so it may come as late
as one model window after the word. A detection hears a label when the words are equal and
``label.start <= detection.sample <= label.end + late`` (default `LATE_SAMPLES`, one second). Each label
is heard at most once and each detection hears at most one label; the detections go in time order, and
each takes, of the labels that it could hear, the one whose window closes first. A label that no
detection heard is missed; every detection that heard none is false: another word, a repetition inside
one window, or a word that nobody said. Labels of words that the model does not know are no targets.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from kws_tflm.errors import DataError

LATE_SAMPLES = 16000


class Heard(Protocol):
    """What scoring needs of a detection; console events and host detections both have it."""

    @property
    def word(self) -> str:
        """The keyword."""

    @property
    def sample(self) -> int:
        """End of the window that tipped it, in samples."""


@dataclass(frozen=True)
class Label:
    """A word in a recording, in samples."""

    word: str
    start: int
    end: int
    voice: str = ""
    """Who says it, if known."""
    snr_db: float | None = None
    """Its level over the background's, if known."""


@dataclass(frozen=True)
class Score:
    """Outcome of `score`; each list is in time order."""

    heard: tuple[tuple[Label, Heard], ...]
    missed: tuple[Label, ...]
    false: tuple[Heard, ...]

    @property
    def said(self) -> int:
        """Labels that the model should have heard."""
        return len(self.heard) + len(self.missed)

    def counts(self) -> dict[str, int]:
        """The totals, for tables and JSON."""
        return {"said": self.said, "heard": len(self.heard), "missed": len(self.missed), "false": len(self.false)}


def score(
    detections: Sequence[Heard],
    labels: Iterable[Label],
    keywords: Collection[str] | None = None,
    late: int = LATE_SAMPLES,
) -> Score:
    """Match `detections` with `labels` by the rule of this module; `keywords` limits the labels to known words."""
    open_labels = sorted(
        (label for label in labels if keywords is None or label.word in keywords), key=lambda label: label.end
    )
    heard: list[tuple[Label, Heard]] = []
    false: list[Heard] = []
    for detection in sorted(detections, key=lambda d: d.sample):
        fitting = (
            label
            for label in open_labels
            if label.word == detection.word and label.start <= detection.sample <= label.end + late
        )
        label = next(fitting, None)
        if label is None:
            false.append(detection)
        else:
            open_labels.remove(label)
            heard.append((label, detection))
    missed = sorted(open_labels, key=lambda label: label.start)
    return Score(tuple(heard), tuple(missed), tuple(false))


def load_labels(path: Path) -> list[Label]:
    """Read labels: a JSON list of ``{"word", "start", "end"}`` in samples, or an object with it under ``labels``.

    Raises:
        DataError: missing file, not JSON, or an entry that is not a label.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path}: no such labels file; give a JSON list of word, start, end (samples)") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: not a JSON labels file ({str(error).splitlines()[0]})") from None
    entries = raw.get("labels") if isinstance(raw, dict) else raw
    if not isinstance(entries, list):
        raise DataError(f"{path}: holds no list of labels; give a JSON list of word, start, end (samples)")
    return [_label(entry, f"{path}: label {i}") for i, entry in enumerate(entries)]


def _label(entry: Any, where: str) -> Label:
    if not isinstance(entry, dict) or not {"word", "start", "end"} <= entry.keys():
        raise DataError(f"{where} must have word, start and end")
    word, start, end = entry["word"], entry["start"], entry["end"]
    if not isinstance(word, str) or not all(type(v) is int for v in (start, end)) or not 0 <= start <= end:
        raise DataError(f"{where}: word must be text, and 0 <= start <= end whole numbers of samples")
    snr = entry.get("snr_db")
    if snr is not None and not (type(snr) in (int, float) and math.isfinite(snr)):
        raise DataError(f"{where}: snr_db must be a number of decibels, or absent")
    return Label(word, start, end, str(entry.get("voice", "")), snr)
