"""A test set in the neural voice: what a model trained on espeak-ng makes of a voice that is nothing like it.

It is one woman's voice at several paces, played higher and lower, in rooms and noise. No clip of it should be
trained on: it stands in for real people until there are recordings of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr
from tqdm import tqdm

from kws_tflm.config import SILENCE_LABEL, UNKNOWN_LABEL
from kws_tflm.data import neural, synthetic
from kws_tflm.data.neighbours import Other
from kws_tflm.data.own_words import LONGEST_SECONDS, Request, claim
from kws_tflm.data.phrases import Phrase
from kws_tflm.data.silence import silence_clips
from kws_tflm.data.speech_commands import LISTS
from kws_tflm.data.wav import SAMPLE_RATE, write_wav

_PACES = (0.75, 1.3)
_PITCHES = (0.8, 1.15)
_SILENCE_SHARE = 0.25
_CHUNK = 100


def make_neural(request: Request, folder: Path, other_words: Sequence[Other]) -> int:
    """Write the set, one folder a class as `evaluate --data` reads it; returns how many files were written now.

    Raises:
        ToolMissingError: the neural voice is not installed.
        DataError: `folder` holds something else, or a set that another request made.
    """
    claim(request, folder, neural.NAME)
    for name in LISTS.values():
        (folder / name).unlink(missing_ok=True)  # not Speech Commands' layout: every recording is for testing
    noise = synthetic.noise_bank(request.noise_config, "test")
    weighted = [other.phrase for other in other_words for _ in range(other.weight)]
    said = [(phrase.name, phrase) for phrase in request.phrases for _ in range(request.clips)]
    stride = max(1, len(weighted) // max(1, request.other_clips))
    said += [(UNKNOWN_LABEL, weighted[i * stride % len(weighted)]) for i in range(request.other_clips)]
    names = [f"{label}/{neural.NAME}-{phrase.name}_nohash_{index}.wav" for index, (label, phrase) in enumerate(said)]
    missing = [index for index, name in enumerate(names) if not (folder / name).is_file()]
    with tqdm(
        total=len(names), initial=len(names) - len(missing), desc="neural voice", unit="clip", disable=None
    ) as bar:
        for first in range(0, len(missing), _CHUNK):
            chunk = missing[first : first + _CHUNK]
            for index, word in zip(chunk, _spoken([said[i][1] for i in chunk], request.seed, chunk), strict=True):
                rng = np.random.default_rng([request.seed, 8, index])
                write_wav(folder / names[index], synthetic.place(word, noise, rng))
                bar.update(1)
    rng = np.random.default_rng([request.seed, 9])
    for index, clip in enumerate(silence_clips(noise, round(_SILENCE_SHARE * request.clips), rng)):
        write_wav(folder / SILENCE_LABEL / f"{index}.wav", clip)
    return len(missing)


def _spoken(phrases: Sequence[Phrase], seed: int, indices: Sequence[int]) -> list[npt.NDArray[np.float64]]:
    """Each phrase at its own pace and pitch; what is too long for the window is said again, faster."""
    generators = [np.random.default_rng([seed, 7, index]) for index in indices]
    paces = [float(rng.uniform(*_PACES)) for rng in generators]
    pitches = [float(rng.uniform(*_PITCHES)) for rng in generators]
    seeds = [int(rng.integers(2**16)) for rng in generators]
    texts = [phrase.text for phrase in phrases]

    def say(which: Sequence[int]) -> list[npt.NDArray[np.float64]]:
        words = neural.say_words([texts[i] for i in which], [seeds[i] for i in which], [paces[i] for i in which])
        played = (
            soxr.resample(word, SAMPLE_RATE * pitches[i], SAMPLE_RATE) for i, word in zip(which, words, strict=True)
        )
        return [np.asarray(word, np.float64) for word in played]

    words = say(range(len(phrases)))
    longest = LONGEST_SECONDS * SAMPLE_RATE
    long = [i for i, word in enumerate(words) if len(word) > longest]
    for i in long:
        paces[i] *= len(words[i]) / longest
    for i, word in zip(long, say(long) if long else (), strict=True):
        words[i] = word
    return words
