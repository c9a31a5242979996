"""Clips of the class ``_silence_``: background at every volume, from absolute zero to loud."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

CLIP_SAMPLES = 16000
_QUIETEST_DB, _LOUDEST_DB = -80.0, 0.0


def cut(noise: npt.NDArray[np.int16], count: int, length: int, rng: np.random.Generator) -> npt.NDArray[np.int16]:
    """`count` random excerpts of `noise`, which is repeated when it is shorter than `length`: int16 [count, length]."""
    if len(noise) < length:
        noise = np.resize(noise, length)
    starts = rng.integers(0, len(noise) - length + 1, count)
    return np.stack([noise[s : s + length] for s in starts]) if count else np.zeros((0, length), np.int16)


def silence_clips(
    noise: npt.NDArray[np.int16], count: int, rng: np.random.Generator, loud: float = 0.0
) -> npt.NDArray[np.int16]:
    """`count` clips of one second without a word: int16 [count, 16000].

    Of ten clips, one is digital zero, one has a dither of a few least significant bits (a quiet
    microphone), and eight are excerpts of `noise` attenuated by 0 to 80 dB, evenly in dB.
    Of all clips, the share `loud` is such an excerpt at an amplitude between 0 and 1, evenly, instead.
    """
    clips = cut(noise, count, CLIP_SAMPLES, rng)
    kind = rng.random(count)
    gain = 10.0 ** (rng.uniform(_QUIETEST_DB, _LOUDEST_DB, count) / 20.0)
    depth = rng.integers(1, 4, count)
    if loud > 0:
        louder = rng.random(count) < loud
        kind[louder] = 1.0
        gain[louder] = rng.random(int(louder.sum()))
    for row in range(count):
        if kind[row] < 0.1:
            clips[row] = 0
        elif kind[row] < 0.2:
            clips[row] = rng.integers(-depth[row], depth[row] + 1, CLIP_SAMPLES)
        else:
            clips[row] = np.rint(clips[row] * gain[row])
    return clips
