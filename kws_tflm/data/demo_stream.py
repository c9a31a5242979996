"""The demo's recording: words from voices that no training clip has, over background noise, with labels."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import soxr

from kws_tflm.config import Config
from kws_tflm.data import acoustics, espeak, neural
from kws_tflm.data.cache import digest
from kws_tflm.data.espeak import Utterance
from kws_tflm.data.speak import speak_all
from kws_tflm.data.synthetic import noise_bank
from kws_tflm.data.voices import ACCENTS, SPEAKERS, other_words
from kws_tflm.data.wav import SAMPLE_RATE, write_bytes_atomic, write_wav

VERSION = 1
_LEAD_IN, _GAP = 2.0, (1.2, 1.8)
"""Seconds before the first word; between the end of a word and the start of the next."""
_NEURAL_SHARE, _OTHER_WORDS = 0.5, 3


class StreamLabel(NamedTuple):
    """A word in a stream; positions in samples, the end exclusive."""

    word: str
    start: int
    end: int


@dataclass(frozen=True)
class _Said:
    """A word waiting to be put into the stream: active level -20 dBFS."""

    word: str
    voice: str
    samples: npt.NDArray[np.float64]


def make_demo_stream(config: Config, cache_dir: Path, seed: int = 0) -> tuple[Path, list[StreamLabel]]:
    """About 40 s of background noise with each keyword at least once; made on first use.

    Espeak voices of the test split say every keyword, the neural voice says half of them again and a few
    words that are no keywords are among them, gaps at least 1.2 s. `<name>.json` beside the wav has the
    labels, all words said included: ``{"labels": [{"word", "start", "end", "voice"}, ...]}``.

    Returns:
        (path of the wav, labels of all words in order).
    """
    key = digest({"words": config.data.words, "seeds": [config.seed, seed], "version": VERSION})
    path = cache_dir / "streams" / f"demo-{key}.wav"
    labels_path = path.with_suffix(".json")
    if path.is_file() and labels_path.is_file():
        stored = json.loads(labels_path.read_text(encoding="utf-8"))["labels"]
        return path, [StreamLabel(entry["word"], entry["start"], entry["end"]) for entry in stored]
    rng = np.random.default_rng([config.seed, seed, 6])
    words = _words(config, rng)
    pcm, labels = _mix(words, noise_bank(config, "test"), rng)
    entries = [label._asdict() | {"voice": said.voice} for label, said in zip(labels, words, strict=True)]
    write_wav(path, pcm)
    content = {"sample_rate": SAMPLE_RATE, "labels": entries}
    write_bytes_atomic(labels_path, (json.dumps(content, indent=1) + "\n").encode())
    return path, labels


def _words(config: Config, rng: np.random.Generator) -> list[_Said]:
    """Every keyword by a test speaker, half of them by the neural voice, some other words; shuffled."""
    keywords = config.data.words
    others = [str(w) for w in rng.choice(other_words(keywords), _OTHER_WORDS, replace=False)]
    again = [str(w) for w in rng.choice(keywords, max(1, round(_NEURAL_SHARE * len(keywords))), replace=False)]
    by_neural = [*again, others[0]]
    by_espeak = [*keywords, *others[1:]]
    speakers = rng.permutation(SPEAKERS["test"])
    requests = [
        Utterance(
            text=f"{word.replace('_', ' ')}.",
            voice=f"{rng.choice(ACCENTS)}+{speakers[i % len(speakers)]}",
            rate=int(rng.integers(120, 170)),
            pitch=int(rng.integers(30, 70)),
            seed=int(rng.integers(1, 2**31 - 1)),
        )
        for i, word in enumerate(by_espeak)
    ]
    said = []
    for word, request, samples in zip(by_espeak, requests, speak_all(requests), strict=True):
        signal = acoustics.trim_silence(soxr.resample(samples / 32768.0, espeak.SAMPLE_RATE, SAMPLE_RATE))
        scale = acoustics.decibels(-20.0) / acoustics.active_rms(signal)
        said.append(_Said(word, request.voice, np.asarray(signal * scale, np.float64)))
    for word, signal in zip(
        by_neural,
        neural.say_words([word.replace("_", " ") for word in by_neural], seed=int(rng.integers(2**16))),
        strict=True,
    ):
        said.append(_Said(word, neural.NAME, signal))
    return [said[i] for i in rng.permutation(len(said))]


def _mix(
    words: list[_Said], noise: npt.NDArray[np.int16], rng: np.random.Generator
) -> tuple[npt.NDArray[np.int16], list[StreamLabel]]:
    """Words one after the other, each in a room of its own and at its own level, 12 to 30 dB over the noise."""
    room = [acoustics.convolve(said.samples, acoustics.room_response(rng)) for said in words]
    starts = []
    position = int(_LEAD_IN * SAMPLE_RATE)
    for said in words:
        starts.append(position)
        position += len(said.samples) + int(rng.uniform(*_GAP) * SAMPLE_RATE)
    length = position + SAMPLE_RATE
    mix = np.zeros(length)
    labels = []
    for said, sound, start in zip(words, room, starts, strict=True):
        level = acoustics.decibels(rng.uniform(-8.0, 2.0))
        end = min(length, start + len(sound))
        mix[start:end] += level * sound[: end - start]
        labels.append(StreamLabel(said.word, start, start + len(said.samples)))
    return acoustics.to_int16(mix + _changing_noise(noise, length, rng)), labels


def _changing_noise(noise: npt.NDArray[np.int16], length: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Background whose level drifts slowly between -58 and -40 dBFS."""
    start = int(rng.integers(len(noise)))
    floor = np.resize(np.roll(noise, -start), length) / 32768.0
    knots = rng.uniform(-58.0, -40.0, length // (4 * SAMPLE_RATE) + 2)
    db = np.interp(np.arange(length), np.linspace(0, length, len(knots)), knots)
    return np.asarray(floor * 10.0 ** ((db + 20.0) / 20.0))
