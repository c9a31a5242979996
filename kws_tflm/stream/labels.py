"""The labels of a stream: what is said when, in a JSON file that knows which sound it belongs to.

    {"format": 1, "sample_rate": 16000, "samples": N, "audio_sha256": "...", "made": {...},
     "labels": [{"word": "yes", "start": 32000, "end": 40160, "kind": "keyword", "speaker": "0a7c2a8d",
                 "file": "yes/0a7c2a8d_nohash_0.wav", "snr_db": 14.2, "level_dbfs": -27.1}, ...]}

Positions are samples, the end exclusive. Other files of labels (a list of word, start, end) are read as well; they
cannot say which sound they belong to, so only their range is checked.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_tflm.console.score import Label, load_labels
from kws_tflm.errors import DataError

FORMAT = 1


@dataclass(frozen=True)
class Said:
    """A word that `make_stream` put into a stream."""

    word: str
    start: int
    end: int
    kind: str
    """``keyword`` or ``unknown``."""
    speaker: str
    file: str
    snr_db: float
    """Level of the word over that of the background during it."""
    level_dbfs: float
    """RMS of the word's active frames."""


def labels_text(said: Sequence[Said], samples: int, sha256: str, made: dict[str, Any]) -> str:
    """The file's content; `made` says how the stream was made."""
    head = {"format": FORMAT, "sample_rate": 16000, "samples": samples, "audio_sha256": sha256, "made": made}
    rows = ",\n ".join(json.dumps(vars(entry)) for entry in said)
    return f'{json.dumps(head)[:-1]}, "labels": [\n {rows}\n]}}\n'


def read_labels(path: Path, pcm: npt.NDArray[np.int16], audio: Path) -> list[Label]:
    """The labels in `path`, in time order, checked against the sound that they should describe.

    Raises:
        DataError: not a labels file; of another sound; a label beyond the end; labels that overlap.
    """
    labels = sorted(load_labels(path), key=lambda label: label.start)
    _require_same_sound(path, pcm, audio)
    for label in labels:
        if label.end > len(pcm):
            raise DataError(
                f"{path}: '{label.word}' ends at sample {label.end}, {audio} has {len(pcm)}; "
                "these are the labels of another stream"
            )
    for before, after in itertools.pairwise(labels):
        if after.start < before.end:
            raise DataError(
                f"{path}: '{before.word}' (to sample {before.end}) and '{after.word}' (from {after.start}) overlap; "
                "a detection could not be told to belong to one of them; correct the labels"
            )
    return labels


def sound_digest(pcm: npt.NDArray[np.int16]) -> str:
    """SHA-256 of the samples as they stand in the wav (little endian)."""
    return hashlib.sha256(np.ascontiguousarray(pcm, "<i2").data).hexdigest()


def _require_same_sound(path: Path, pcm: npt.NDArray[np.int16], audio: Path) -> None:
    raw = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(raw, dict):
        return
    samples, digest = raw.get("samples"), raw.get("audio_sha256")
    if (samples is not None and samples != len(pcm)) or (digest is not None and digest != sound_digest(pcm)):
        raise DataError(f"{path}: these are the labels of another stream than {audio}; give the JSON made with it")
