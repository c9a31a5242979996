"""What a stream's detections are worth: the event rule, misses and the kinds of false alarms.

The rule is that of `kws_tflm.console.score`: a detection hears a label of its own word when its sample (the end
of the window that tipped it) lies between the label's start and `late` samples after its end; each label is
heard once, each detection hears one label. All other detections are false alarms, of one of four kinds, the
first that applies:

- ``repeated``: inside the window of a label of the same word, which another detection has heard,
- ``confused``: inside the window of another keyword,
- ``unknown_word``: inside the window of a word that the model does not know,
- ``no_word``: elsewhere.

The detector's refractory time is the firmware's own and runs before the rule: what it suppresses is no detection.
"""

from __future__ import annotations

import bisect
import math
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar

from kws_tflm.console.score import LATE_SAMPLES, Heard, Label, Score, score

KINDS = ("repeated", "confused", "unknown_word", "no_word")
SNR_BAND_DB = 5
Kind = TypeVar("Kind", str, int)


@dataclass(frozen=True)
class Outcome:
    """`score` of a stream, with its false alarms by kind."""

    score: Score
    kinds: dict[str, int]
    """How many false alarms are of each of `KINDS`."""

    @property
    def said(self) -> int:
        """Labels of words that the model knows."""
        return self.score.said

    @property
    def missed(self) -> int:
        """Of these, not heard."""
        return len(self.score.missed)

    @property
    def false_alarms(self) -> int:
        """Detections that heard no label."""
        return len(self.score.false)

    def delays(self) -> list[int]:
        """Of each label heard: samples from its end to the detection; negative when it was heard before its end."""
        return [detection.sample - label.end for label, detection in self.score.heard]

    def words(self) -> dict[str, tuple[int, int]]:
        """word -> (heard, said)."""
        return self._heard_by(lambda label: label.word)

    def snr_bands(self) -> dict[int, tuple[int, int]]:
        """Lower edge of a band of `SNR_BAND_DB` -> (heard, said), upwards; labels without a ratio are left out."""
        return self._heard_by(_snr_band)

    def _heard_by(self, kind: Callable[[Label], Kind | None]) -> dict[Kind, tuple[int, int]]:
        """What `kind` says of a label -> (heard, said) of the labels of which it says so, in order; None is no kind."""
        heard = Counter(kind(label) for label, _ in self.score.heard)
        said = heard + Counter(kind(label) for label in self.score.missed)
        return {name: (heard[name], said[name]) for name in sorted(name for name in said if name is not None)}


def _snr_band(label: Label) -> int | None:
    return None if label.snr_db is None else SNR_BAND_DB * math.floor(label.snr_db / SNR_BAND_DB)


def judge(
    detections: Sequence[Heard], labels: Sequence[Label], keywords: Collection[str], late: int = LATE_SAMPLES
) -> Outcome:
    """Apply the rule of this module; `labels` must not overlap and may be in any order."""
    scored = score(detections, labels, keywords, late)
    ordered = sorted(labels, key=lambda label: label.start)
    starts = [label.start for label in ordered]
    ends = [label.end for label in ordered]
    kinds = dict.fromkeys(KINDS, 0)
    for detection in scored.false:
        # Labels do not overlap, so their ends are in order too.
        first = bisect.bisect_left(ends, detection.sample - late)
        nearby = ordered[first : bisect.bisect_right(starts, detection.sample)]
        kinds[_kind(detection, nearby, keywords)] += 1
    return Outcome(scored, kinds)


def _kind(detection: Heard, nearby: Sequence[Label], keywords: Collection[str]) -> str:
    if any(label.word == detection.word for label in nearby):
        return "repeated"
    if any(label.word in keywords for label in nearby):
        return "confused"
    return "unknown_word" if nearby else "no_word"
