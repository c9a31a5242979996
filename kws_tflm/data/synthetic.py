"""The built-in spoken set: espeak-ng in many voices, in rooms and noise; nothing to download.

What is said, by whom and how is drawn in the plan, from the configuration alone; how it then sounds is
drawn from (seed, split, clip number). Neither depends on the number of processes or on what is cached.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import soxr

from kws_tflm.config import Config
from kws_tflm.data import acoustics, espeak
from kws_tflm.data.espeak import Utterance
from kws_tflm.data.silence import CLIP_SAMPLES, cut, silence_clips
from kws_tflm.data.speak import speak_all
from kws_tflm.data.timbre import vary_timbre
from kws_tflm.data.voices import ACCENTS, BABBLE, SPEAKERS, other_words
from kws_tflm.data.wav import SAMPLE_RATE

SPLITS = ("train", "validation", "test")
SHARE = {"validation": 0.1, "test": 0.2}
"""Of the clips of each keyword; the rest is for training."""
VERSION = 2
"""Part of the cache key; raise it when the clips change."""

_NOISE_RMS_DB = -20.0
_CHATTERS, _VOICES_IN_A_CHATTER = 3, 5


@dataclass(frozen=True)
class ClipPlan:
    """What one clip holds."""

    name: str
    label: int
    """Class number in `Config.labels`."""
    utterance: Utterance | None
    """None for silence."""
    tract: float = 1.0
    """Playback speed: above 1 a smaller speaker (higher formants), below 1 a larger one."""


def plan(config: Config, split: str) -> list[ClipPlan]:
    """The clips of one split, class by class in the order of `Config.labels`."""
    rng = np.random.default_rng([config.data_seed, SPLITS.index(split), 1])
    data = config.data
    per_word = split_size(data.clips_per_word, split)
    keywords = per_word * len(data.words)
    clips: list[ClipPlan] = []
    for label, word in enumerate(data.words):
        clips += _spoken([word] * per_word, label, split, rng)
    silence = len(data.words)
    count = round(data.silence_fraction * keywords)
    clips += [ClipPlan(f"_silence_/{split}_{i:05d}", silence, None) for i in range(count)]
    others = other_words(data.words)
    words = [others[i % len(others)] for i in range(round(data.unknown_fraction * keywords))]
    clips += _spoken(words, silence + 1, split, rng)
    return clips


def extra_voices(config: Config) -> list[ClipPlan]:
    """Plans of the `data.synthetic_voices` clips of each keyword, and of other words, for a set of recordings."""
    rng = np.random.default_rng([config.data_seed, SPLITS.index("train"), 6])
    data = config.data
    clips: list[ClipPlan] = []
    for label, word in enumerate(data.words):
        clips += _spoken([word] * data.synthetic_voices, label, "train", rng)
    each = max(1, data.synthetic_voices // 4) if data.synthetic_voices else 0
    return clips + _spoken(list(other_words(data.words)) * each, len(data.words) + 1, "train", rng)


def split_size(clips_per_word: int, split: str) -> int:
    """Clips of each keyword in `split`; every split has at least one."""
    if split == "train":
        return clips_per_word - sum(split_size(clips_per_word, s) for s in SHARE)
    return max(1, round(SHARE[split] * clips_per_word))


def noise_bank(config: Config, split: str, seconds_each: float = 8.0) -> npt.NDArray[np.int16]:
    """Background sounds of one split, one after the other at -20 dBFS: noises of machines, hum, chatter."""
    rng = np.random.default_rng([config.data_seed, SPLITS.index(split), 2])
    sounds = acoustics.background(rng, seconds_each)
    requests = [
        Utterance(str(rng.choice(BABBLE)), _voice(rng, split), int(rng.integers(140, 190)), int(rng.integers(20, 80)))
        for _ in range(_CHATTERS * _VOICES_IN_A_CHATTER)
    ]
    voices = [_resampled(samples, 1.0) for samples in speak_all(requests)]
    length = int(seconds_each / 2 * SAMPLE_RATE)
    for first in range(0, len(voices), _VOICES_IN_A_CHATTER):
        chatter = 0.01 * acoustics.shaped_noise(rng, length, 1.0)
        for voice in voices[first : first + _VOICES_IN_A_CHATTER]:
            far = acoustics.convolve(voice, acoustics.room_response(rng))
            level = rng.uniform(0.3, 1.0) / max(1e-9, acoustics.active_rms(far))
            chatter += level * np.roll(np.resize(far, length), rng.integers(length))
        sounds.append(chatter / np.sqrt(np.mean(chatter**2)))
    return acoustics.to_int16(np.concatenate(sounds) * acoustics.decibels(_NOISE_RMS_DB))


def render(
    config: Config, split: str, clips: list[ClipPlan], noise: npt.NDArray[np.int16], processes: int = 2
) -> Iterator[npt.NDArray[np.int16]]:
    """The sound of each clip of a plan, in order: int16 [16000] each."""
    voices = speak_all([clip.utterance for clip in clips if clip.utterance], processes)
    for index, clip in enumerate(clips):
        rng = np.random.default_rng([config.data_seed, SPLITS.index(split), 3, index])
        if clip.utterance is None:
            yield silence_clips(noise, 1, rng)[0]
        else:
            word = acoustics.trim_silence(_resampled(next(voices), clip.tract))
            yield place(vary_timbre(word, rng), noise, rng)


def place(
    word: npt.NDArray[np.floating], noise: npt.NDArray[np.int16], rng: np.random.Generator
) -> npt.NDArray[np.int16]:
    """A spoken word somewhere in a second of sound, with a microphone, mostly a room, and mostly noise."""
    word = acoustics.convolve(acoustics.trim_silence(word), acoustics.colour(rng))
    if rng.random() < 0.6:
        word = acoustics.convolve(word, acoustics.room_response(rng))
        word = acoustics.trim_silence(word, threshold_db=-30.0)
    word = word[:CLIP_SAMPLES]
    clip = np.zeros(CLIP_SAMPLES)
    start = int(rng.integers(0, CLIP_SAMPLES - len(word) + 1))
    clip[start : start + len(word)] = word
    rms = acoustics.decibels(rng.uniform(-36.0, -14.0))
    clip *= rms / max(1e-9, acoustics.active_rms(word))
    if rng.random() < 0.85:
        floor = cut(noise, 1, CLIP_SAMPLES, rng)[0] / 32768.0
        clip += floor * rms * acoustics.decibels(-rng.uniform(10.0, 45.0) - _NOISE_RMS_DB)
    return acoustics.to_int16(clip)


def _spoken(words: list[str], label: int, split: str, rng: np.random.Generator) -> list[ClipPlan]:
    """Plans for `words`; speakers take turns in random order, so that each is heard about equally often."""
    speakers = SPEAKERS[split]
    turns = np.concatenate([rng.permutation(len(speakers)) for _ in range(len(words) // len(speakers) + 1)])
    clips = []
    for index, word in enumerate(words):
        speaker = speakers[int(turns[index])]
        utterance = Utterance(
            text=word.replace("_", " ") + str(rng.choice(("", ".", "!", "?", ","))),
            voice=f"{rng.choice(ACCENTS)}+{speaker}",
            rate=int(rng.integers(80, 181)),
            pitch=int(rng.integers(20, 100)),
            pitch_range=int(rng.integers(10, 100)),
            seed=int(rng.integers(1, 2**31 - 1)),
        )
        tract = float(np.exp(rng.uniform(np.log(0.8), np.log(1.4))))
        clips.append(ClipPlan(f"{word}/{utterance.voice}_{split}_{index:05d}", label, utterance, tract))
    return clips


def _voice(rng: np.random.Generator, split: str) -> str:
    return f"{rng.choice(ACCENTS)}+{rng.choice(SPEAKERS[split])}"


def _resampled(samples: npt.NDArray[np.int16], tract: float) -> npt.NDArray[np.float64]:
    """Synthesiser output to 16 kHz in [-1, 1), played `tract` times as fast."""
    return np.asarray(soxr.resample(samples / 32768.0, espeak.SAMPLE_RATE * tract, SAMPLE_RATE), np.float64)
