"""Make a long labelled stream from recordings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from kws_tflm.errors import DataError
from kws_tflm.stream.labels import Said, labels_text
from kws_tflm.stream.mix import Mixture
from kws_tflm.stream.noise import NoiseTrack
from kws_tflm.stream.plan import StreamSettings, plan_events
from kws_tflm.stream.recordings import Recordings
from kws_tflm.stream.wav_writer import write_stream

VERSION = 1
"""Raise it when the same settings and seed give another stream."""


def make_stream(
    recordings: Recordings,
    settings: StreamSettings,
    audio: Path,
    labels: Path | None = None,
    origin: dict[str, Any] | None = None,
    progress: bool = True,
) -> list[Said]:
    """Write a stream to `audio` (wav) and its labels to `labels` (default: `audio` with suffix ``.json``).

    The two files depend on the recordings and `settings` only; memory does not grow with the length of the sound.

    Args:
        recordings: what it is made of.
        settings: length, words, levels, seed.
        audio: the wav to write; replaced when it exists.
        labels: the JSON to write.
        origin: further facts for the labels' ``made``.
        progress: show a progress bar on a terminal.

    Returns:
        the labels.

    Raises:
        DataError, AudioError: settings that cannot be met, recordings that cannot be used.
    """
    settings.check()
    labels = labels or audio.with_suffix(".json")
    if labels == audio:
        raise DataError(f"{audio}: the labels would get the same name; give the stream a name that ends in .wav")
    hidden = None if progress else True
    order, background, drift = (np.random.default_rng([settings.seed, VERSION, n]) for n in range(3))
    words = round(settings.rate * settings.minutes)
    noise = NoiseTrack(recordings.noise, settings.samples, background)
    with tqdm(total=words, desc="words", unit="word", disable=hidden, leave=False) as bar:
        events = plan_events(recordings, settings, order, bar.update)
    mixture = Mixture(events, noise, settings, drift)
    made = {"version": VERSION, **asdict(settings), "words": list(recordings.keywords), **(origin or {})}
    with tqdm(total=settings.samples, desc="sound", unit="sample", unit_scale=True, disable=hidden, leave=False) as bar:
        write_stream(
            audio,
            labels,
            settings.samples,
            _counted(mixture.chunks(), bar.update),
            lambda digest: labels_text(mixture.said, settings.samples, digest, made),
        )
    return mixture.said


def _counted(
    chunks: Iterator[npt.NDArray[np.int16]], update: Callable[[int], object]
) -> Iterator[npt.NDArray[np.int16]]:
    for chunk in chunks:
        yield chunk
        update(len(chunk))
