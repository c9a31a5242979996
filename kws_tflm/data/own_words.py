"""A set of recordings of one's own phrases, said by espeak-ng, in the layout of Speech Commands.

One folder a word: the phrases, and the other words of `neighbours`. ``_background_noise_`` holds noises made here.
No split lists are needed: each synthetic speaker has a file-name prefix that the data set's own rule
(`speech_commands.which_set`) puts into the speaker's split, so recordings of people may be added to the folders.
Every file depends on (seed, phrase, split, number) alone: an interrupted set is completed, not begun again.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr
from tqdm import tqdm

from kws_tflm.config import Config
from kws_tflm.data import acoustics, espeak, synthetic
from kws_tflm.data.espeak import Utterance
from kws_tflm.data.neighbours import Other, other_phrases
from kws_tflm.data.phrases import Phrase
from kws_tflm.data.recordings import NOISE_SHARE
from kws_tflm.data.speak import speak_all
from kws_tflm.data.speech_commands import LISTS, NOISE_FOLDER, which_set
from kws_tflm.data.timbre import vary_timbre
from kws_tflm.data.voices import ACCENTS, SPEAKERS
from kws_tflm.data.wav import SAMPLE_RATE, read_wav, write_bytes_atomic, write_wav
from kws_tflm.errors import DataError

VERSION = 1
"""Raised when the same request gives other files."""
MANIFEST = "synth.json"
LONGEST_SECONDS = 0.85
"""Of a spoken phrase: the model hears a second, in which the phrase also needs room to lie somewhere."""
HURRIED_RATE = 220
"""Words a minute that people reach when they say a phrase fast."""
_RATES = (90, 190)
_FASTEST_RATE = 450
_CHUNK = 256
_NOISE_SECONDS = 60.0
_NOISES = ("white", "pink", "brown", "hum", "fan_1", "fan_2", "clatter", "chatter_1", "chatter_2", "chatter_3")
"""The sounds of `synthetic.noise_bank`, in its order."""


@dataclass(frozen=True)
class Request:
    """All that decides the files."""

    phrases: tuple[Phrase, ...]
    clips: int
    """Of each phrase, in all three splits."""
    other_clips: int
    """Of all other words together."""
    seed: int = 1
    accents: tuple[str, ...] = ACCENTS
    """espeak-ng languages."""
    more_words: tuple[str, ...] = ()
    """Ordinary words besides the built-in ones."""

    @property
    def noise_config(self) -> Config:
        """What `synthetic.noise_bank` wants to know."""
        return Config(seed=self.seed)


@dataclass(frozen=True)
class Clip:
    """One file of the set."""

    path: Path
    """Relative to the set's folder."""
    split: str
    utterance: Utterance
    tract: float
    """Playback speed: above 1 a smaller speaker, below 1 a larger one."""


def others(request: Request) -> tuple[Other, ...]:
    """The other words that belong to the phrases."""
    return other_phrases(request.phrases, request.accents, request.more_words)


def plan(request: Request, other_words: Sequence[Other]) -> list[Clip]:
    """Every spoken file, phrases first."""
    clips = [clip for phrase in request.phrases for clip in _plan_phrase(request, phrase, request.clips)]
    unit = request.other_clips / max(1, sum(other.weight for other in other_words))
    for other in other_words:
        clips += _plan_phrase(request, other.phrase, max(4, round(unit * other.weight)))
    return clips


def paces(request: Request) -> dict[str, tuple[float, float]]:
    """Seconds that each phrase takes, said fast and said at leisure (`HURRIED_RATE`, 160 words a minute).

    Raises:
        DataError: a phrase does not fit into the model's window even when it is said fast.
    """
    result = {}
    voices = [f"{request.accents[0]}+{speaker}" for speaker in SPEAKERS["test"][:5]]
    for phrase in request.phrases:
        said = [Utterance(phrase.text, voice, rate) for rate in (HURRIED_RATE, 160) for voice in voices]
        seconds = [len(_word(samples, 1.0)) / SAMPLE_RATE for samples in speak_all(said)]
        fast, slow = (float(np.median(part)) for part in (seconds[: len(voices)], seconds[len(voices) :]))
        if fast > LONGEST_SECONDS:
            raise DataError(
                f"'{phrase.text}': takes {fast:.2f} s even when said fast; of the second that a model hears, a phrase "
                f"may fill {LONGEST_SECONDS:g} s; choose a shorter phrase, or the rarest words of it"
            )
        result[phrase.name] = (fast, slow)
    return result


def make(request: Request, folder: Path, other_words: Sequence[Other], processes: int = 2) -> int:
    """Write what is missing of the set; returns how many spoken files were written now.

    Raises:
        DataError: `folder` holds something else, or a set that another request made.
        OSError: the disk is full; the files written so far are whole, and are kept.
    """
    clips = plan(request, other_words)
    claim(request, folder)
    noise = _background(request, folder / NOISE_FOLDER)
    missing = [clip for clip in clips if not (folder / clip.path).is_file()]
    with tqdm(total=len(clips), initial=len(clips) - len(missing), desc="recordings", unit="clip", disable=None) as bar:
        for first in range(0, len(missing), _CHUNK):
            chunk = missing[first : first + _CHUNK]
            for clip, word in zip(chunk, _said(chunk, processes), strict=True):
                rng = _generator(request, "sound", clip.path.as_posix())
                write_wav(folder / clip.path, synthetic.place(vary_timbre(word, rng), noise[clip.split], rng))
                bar.update(1)
    return len(missing)


def claim(request: Request, folder: Path, voice: str = "espeak-ng") -> None:
    """Make `folder` that of this request, said by this synthesiser, or see that it is.

    Raises:
        DataError: it holds something else, or was made by another request.
    """
    manifest = folder / MANIFEST
    wanted = json.loads(json.dumps({"version": VERSION, "voice": voice, **asdict(request)}))
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder}: is a file; name a folder with --out")
    if manifest.is_file():
        try:
            found = json.loads(manifest.read_text(encoding="utf-8"))
        except ValueError:
            found = {}
        if found == wanted:
            return
        differing = [key for key in wanted if not isinstance(found, dict) or found.get(key) != wanted[key]]
        raise DataError(
            f"{folder}: holds recordings made with another request (differs in: {', '.join(differing)}); repeat that "
            "one, or write to another folder with --out"
        )
    if folder.is_dir() and any(folder.iterdir()):
        raise DataError(
            f"{folder}: is not empty and was not made by 'kws-tflm synth'; write to a new folder with --out, and add "
            f"your own recordings to it afterwards: kws-tflm data import {folder} NEW"
        )
    for name in LISTS.values():  # empty: the speakers' names decide, and every verb sees what layout this is
        write_bytes_atomic(folder / name, b"")
    write_bytes_atomic(manifest, (json.dumps(wanted, indent=1, ensure_ascii=False) + "\n").encode())


def speaker_in(split: str, name: str) -> str:
    """`name`, with a number behind it, so that the data set's rule puts this speaker into `split`."""
    number = 0
    while which_set(f"{name}-{number}_nohash_0.wav") != split:
        number += 1
    return f"{name}-{number}"


def _plan_phrase(request: Request, phrase: Phrase, count: int) -> Iterator[Clip]:
    for split in synthetic.SPLITS:
        rng = _generator(request, "plan", split, phrase.name)
        speakers = SPEAKERS[split]
        names = {speaker: speaker_in(split, f"espeak-{speaker}") for speaker in speakers}
        size = synthetic.split_size(count, split)
        turns = np.concatenate([rng.permutation(len(speakers)) for _ in range(size // len(speakers) + 1)])
        for index in range(size):
            speaker = speakers[int(turns[index])]
            utterance = Utterance(
                text=phrase.text + str(rng.choice(("", ".", "!", "?", ","))),
                voice=f"{rng.choice(request.accents)}+{speaker}",
                rate=int(rng.integers(*_RATES)),
                pitch=int(rng.integers(20, 100)),
                pitch_range=int(rng.integers(10, 100)),
                seed=int(rng.integers(1, 2**31 - 1)),
            )
            tract = float(np.exp(rng.uniform(np.log(0.8), np.log(1.4))))
            yield Clip(Path(phrase.name, f"{names[speaker]}_nohash_{index}.wav"), split, utterance, tract)


def _said(clips: Sequence[Clip], processes: int) -> list[npt.NDArray[np.float64]]:
    """Each clip's word; what is too long for the window is said again, faster."""
    words = [_word(samples, clip.tract) for clip, samples in _spoken(clips, processes)]
    for _ in range(3):  # the rate is not quite what it says
        slow = [index for index, word in enumerate(words) if len(word) > LONGEST_SECONDS * SAMPLE_RATE]
        if not slow:
            break
        faster = []
        for index in slow:
            utterance = clips[index].utterance
            rate = min(_FASTEST_RATE, int(utterance.rate * len(words[index]) / (LONGEST_SECONDS * SAMPLE_RATE)) + 5)
            faster.append(replace(clips[index], utterance=replace(utterance, rate=rate)))
        clips = [*clips]
        for index, (clip, samples) in zip(slow, _spoken(faster, processes), strict=True):
            clips[index], words[index] = clip, _word(samples, clip.tract)
    return words


def _spoken(clips: Sequence[Clip], processes: int) -> Iterator[tuple[Clip, npt.NDArray[np.int16]]]:
    return zip(clips, speak_all([clip.utterance for clip in clips], processes), strict=True)


def _word(samples: npt.NDArray[np.int16], tract: float) -> npt.NDArray[np.float64]:
    """Synthesiser output to 16 kHz in [-1, 1), played `tract` times as fast, without the silence around it."""
    signal = soxr.resample(samples / 32768.0, espeak.SAMPLE_RATE * tract, SAMPLE_RATE)
    return np.asarray(acoustics.trim_silence(signal), np.float64)


def _background(request: Request, folder: Path) -> dict[str, npt.NDArray[np.int16]]:
    """Noises as files, and of each split what the loader will give it: the same shares of every file.

    The chatter in each share is that of the split's own speakers.
    """
    files = {name: folder / f"{name}.wav" for name in _NOISES}
    if all(path.is_file() for path in files.values()):
        sounds = [read_wav(path) for path in files.values()]
        return {split: np.concatenate([_share(sound, split) for sound in sounds]) for split in NOISE_SHARE}
    banks = {}
    for split, (begin, end) in NOISE_SHARE.items():
        banks[split] = synthetic.noise_bank(request.noise_config, split, round((end - begin) * _NOISE_SECONDS, 3))
    position = dict.fromkeys(banks, 0)
    for name, path in files.items():
        parts = []
        for split, bank in banks.items():
            # Seven sounds and three chatters, which are half as long.
            length = len(bank) // 17 if name.startswith("chatter") else 2 * len(bank) // 17
            parts.append(bank[position[split] : position[split] + length])
            position[split] += length
        write_wav(path, np.concatenate(parts))
    return banks


def _share(sound: npt.NDArray[np.int16], split: str) -> npt.NDArray[np.int16]:
    begin, end = NOISE_SHARE[split]
    return sound[int(begin * len(sound)) : int(end * len(sound))]


def _generator(request: Request, *what: str) -> np.random.Generator:
    return np.random.default_rng([request.seed, zlib.crc32("/".join(what).encode())])


def count_files(folder: Path) -> dict[str, dict[str, int]]:
    """Recordings of each folder of words by split, as the loader will sort them."""
    counts: dict[str, dict[str, int]] = {}
    for path in sorted(folder.glob("[!._]*/*.wav")):
        entry = counts.setdefault(path.parent.name, dict.fromkeys(synthetic.SPLITS, 0))
        entry[which_set(path.name)] += 1
    return counts
