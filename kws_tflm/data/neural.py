"""The neural voice of the `hibari-tts` package: a natural voice that no training clip has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import soxr

from kws_tflm.data import acoustics
from kws_tflm.data.wav import SAMPLE_RATE
from kws_tflm.errors import ToolMissingError

NAME = "hibari-heart"
_PACE = 0.9
"""Words said alone, a little slower than in running text, come out clearest."""


def say_words(
    words: Sequence[str], seed: int | Sequence[int] = 0, paces: Sequence[float] | None = None
) -> list[npt.NDArray[np.float64]]:
    """Each word said alone: 16 kHz, silence trimmed, active level -20 dBFS. Equal seeds give equal samples.

    `seed`: of the first word, those of the others follow it; or of each word. `paces`: of each word, 1 being that of
    running text.

    Raises:
        ToolMissingError: the package is not installed.
    """
    try:
        from hibari import Hibari
    except ImportError as error:
        raise ToolMissingError(
            f"the neural voice is not usable ({error}); install it: pip install hibari-tts==0.2.1"
        ) from None
    voice = Hibari(voice="heart", threads=1)
    spoken = []
    for index, word in enumerate(words):
        pace = _PACE if paces is None else paces[index]
        own_seed = seed + index if isinstance(seed, int) else seed[index]
        samples = voice(f"{word.capitalize()}.", speed=pace, seed=own_seed)
        word_16k = soxr.resample(np.asarray(samples, np.float64), voice.sample_rate, SAMPLE_RATE)
        trimmed = np.asarray(acoustics.trim_silence(word_16k), np.float64)
        spoken.append(trimmed * acoustics.decibels(-20.0) / max(1e-9, acoustics.active_rms(trimmed)))
    return spoken
