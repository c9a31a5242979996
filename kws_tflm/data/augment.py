"""Random changes of the waveform for training: voice, speed, shift, room, microphone, gain, noise. int16 in and out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kws_tflm.config import AugmentationConfig
from kws_tflm.data.channel import Channel
from kws_tflm.data.silence import cut, silence_clips
from kws_tflm.data.wav import SAMPLE_RATE

VERSION = 1
"""Part of the feature cache's key; raise it when the same generator state gives other clips."""

_FRESH_SILENCE = 0.5
"""Share of the silence clips that are replaced by newly drawn ones."""


def augment_batch(
    clips: npt.NDArray[np.int16],
    noise: npt.NDArray[np.int16],
    config: AugmentationConfig,
    rng: np.random.Generator,
    silence: npt.NDArray[np.bool_] | None = None,
) -> npt.NDArray[np.int16]:
    """Change each clip in its own way; the input is left alone.

    Args:
        clips: int16 [k, n].
        noise: background sound, int16, one long row of which excerpts are taken; empty for none.
        config: ranges of the changes.
        rng: every random number comes from it.
        silence: [k], which clips hold no word. Half of them become new silence at a random level, and none
            gets noise by signal-to-noise ratio, which has no meaning for them.

    Returns:
        int16 [k, n].
    """
    count, length = len(clips), int(clips.shape[1])
    speed = rng.uniform(config.speed_min, config.speed_max, count)
    shift = rng.uniform(-1.0, 1.0, count) * config.time_shift_ms * SAMPLE_RATE / 1000.0
    gain = 10.0 ** (rng.uniform(-config.gain_db, config.gain_db, count) / 20.0)
    noisy = rng.random(count) < (config.noise_probability if len(noise) else 0.0)
    snr_db = rng.uniform(config.snr_db_min, config.snr_db_max, count)
    floors = cut(noise, count, length, rng) if len(noise) else np.zeros_like(clips)
    quiet = np.zeros(count, np.bool_) if silence is None else silence
    channel = Channel(config, count, rng)
    result = np.empty_like(clips)
    for row in range(count):  # a clip at a time stays in the processor's cache
        voiced = clips[row] if quiet[row] else channel.voice(clips[row], row)
        changed = channel.path(_resampled(voiced, float(speed[row]), float(shift[row])), row)
        changed *= np.float32(gain[row])
        if noisy[row] and not quiet[row]:
            changed += floors[row] * np.float32(_noise_gain(changed, floors[row], float(snr_db[row])))
        np.rint(changed, out=changed)
        np.clip(changed, -32768, 32767, out=changed)
        result[row] = changed
    fresh = np.flatnonzero(quiet & (rng.random(count) < _FRESH_SILENCE))
    if len(fresh) and len(noise) and length == SAMPLE_RATE:
        result[fresh] = silence_clips(noise, len(fresh), rng, config.loud_silence)
    return result


def _resampled(
    clip: npt.NDArray[np.int16] | npt.NDArray[np.float32], speed: float, shift: float
) -> npt.NDArray[np.float32]:
    """`clip` played `speed` times as fast about its middle and `shift` samples later; zeros come in at the ends.

    Catmull-Rom interpolation between four neighbours.
    """
    length = len(clip)
    middle = 0.5 * (length - 1)
    position = (np.arange(length) - middle - shift) * speed + middle
    np.clip(position, -3.0, length + 1.0, out=position)
    floor = np.floor(position)
    f = (position - floor).astype(np.float32)
    index = floor.astype(np.int32) + 3
    padded = np.zeros(length + 8, np.float32)
    padded[4 : length + 4] = clip
    y0, y1, y2, y3 = (padded.take(index + k) for k in range(4))
    # y1 + f/2 * ((y2 - y0) + f * ((2 y0 - 5 y1 + 4 y2 - y3) + f * (3 (y1 - y2) + y3 - y0)))
    slope = y2 - y0
    cubic = y1 - y2
    cubic *= 3.0
    cubic += y3
    cubic -= y0
    square = 2.0 * y0 - 5.0 * y1 + 4.0 * y2 - y3
    cubic *= f
    cubic += square
    cubic *= f
    cubic += slope
    cubic *= f
    cubic *= 0.5
    cubic += y1
    return np.asarray(cubic, np.float32)


def _noise_gain(signal: npt.NDArray[np.float32], noise: npt.NDArray[np.int16], snr_db: float) -> float:
    """Factor for `noise` so that signal over noise is `snr_db`; a silent signal counts as -60 dBFS."""
    noise32 = noise.astype(np.float32)
    signal_power = max(float(np.dot(signal, signal)) / len(signal), 32.0**2)
    noise_power = float(np.dot(noise32, noise32)) / len(noise)
    return 0.0 if noise_power == 0 else float(np.sqrt(signal_power / noise_power) * 10.0 ** (-snr_db / 20.0))
