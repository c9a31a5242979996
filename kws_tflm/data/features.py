"""Clips -> fixed-point features on disk, plain or augmented, made once and memory-mapped afterwards."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from kws_tflm.config import Config, FeatureConfig
from kws_tflm.data import augment
from kws_tflm.data.cache import digest, new_array
from kws_tflm.data.dataset import Split

Int16 = npt.NDArray[np.int16]
_CHUNK = 256
"""Clips handled at a time; also the unit of the random numbers, so part of what an epoch is."""


class Extractor(Protocol):
    """What is used of `kws_tflm.runtime.FeatureExtractor`."""

    def batch(self, pcm: Int16, threads: int = 2) -> Int16:
        """int16 clips [k, n] -> int16 features [k, frames, n_features]."""
        ...


def model_input_samples(clips: Int16, features: FeatureConfig) -> Int16:
    """The part of each clip that one model input sees: [k, n] -> [k, clip_samples].

    Longer clips lose whole hops on both sides evenly; shorter ones are padded with zeros.
    """
    surplus = clips.shape[1] - features.clip_samples
    if surplus < 0:
        return np.pad(clips, ((0, 0), (0, -surplus)))
    start = surplus // features.hop_length // 2 * features.hop_length
    return clips[:, start : start + features.clip_samples]


def plain_features(split: Split, config: Config, cache_dir: Path, extractor: Extractor | None = None) -> Int16:
    """Features of a split as it is: memory-mapped int16 Q7.8 [n, n_frames, n_features], in the split's order."""
    extractor = extractor or _runtime_extractor(config.features)
    path = cache_dir / "features" / f"{split.name}-{_key(split, config, extractor, None)}.npy"
    return _cached(path, split, config, extractor, lambda clips, first: clips, f"features of {split.name}")


def epoch_features(
    split: Split, noise: Int16, config: Config, epoch: int, cache_dir: Path, extractor: Extractor | None = None
) -> Int16:
    """Features of a split as augmented for `epoch`, memory-mapped int16 Q7.8 [n, n_frames, n_features].

    The random changes depend on (config.data_seed, epoch) and the clip's place only. Made with two threads,
    about 15 MB of work space, and cached below `cache_dir`.
    """
    extractor = extractor or _runtime_extractor(config.features)
    key = _key(split, config, extractor, {"epoch": epoch, "noise": len(noise), "version": augment.VERSION})
    path = cache_dir / "features" / f"{split.name}-{key}.npy"

    def change(clips: Int16, first: int) -> Int16:
        rng = np.random.default_rng([config.data_seed, epoch, first])
        silence = split.labels[first : first + len(clips)] == config.labels.index("_silence_")
        return augment.augment_batch(clips, noise, config.augmentation, rng, silence)

    return _cached(path, split, config, extractor, change, f"augmented features, epoch {epoch + 1}")


def _cached(
    path: Path, split: Split, config: Config, extractor: Extractor, change: Callable[[Int16, int], Int16], what: str
) -> Int16:
    """The array in `path`, made chunk by chunk if it is not there."""
    shape = (len(split.labels), config.features.n_frames, config.features.n_features)
    if not path.is_file():

        def work(first: int) -> Int16:
            clips = change(np.asarray(split.clips[first : first + _CHUNK]), first)
            return extractor.batch(model_input_samples(clips, config.features), threads=1)

        with (
            new_array(path, shape, np.int16) as append,
            ThreadPoolExecutor(2) as pool,
            tqdm(total=shape[0], desc=what, unit="clip", disable=None, leave=False) as bar,
        ):
            for columns in _in_flight(pool, work, range(0, shape[0], _CHUNK)):
                append(columns)
                bar.update(len(columns))
    return np.asarray(np.load(path, mmap_mode="r"))


def _in_flight(pool: ThreadPoolExecutor, work: Callable[[int], Int16], items: range) -> Iterator[Int16]:
    """Like `pool.map`, but with at most four results that nobody has taken yet."""
    pending = []
    for item in items:
        pending.append(pool.submit(work, item))
        if len(pending) == 4:
            yield pending.pop(0).result()
    for future in pending:
        yield future.result()


def _key(split: Split, config: Config, extractor: Extractor, augmentation: dict[str, object] | None) -> str:
    """Hash of all that decides the values; of the extractor, its answer to a fixed sound."""
    probe = np.random.default_rng(0).integers(-20000, 20000, (1, config.features.clip_samples)).astype(np.int16)
    probe[:, config.features.clip_samples // 2 :] //= 1000
    value: dict[str, object] = {
        "split": split.key,
        "features": dataclasses.asdict(config.features),
        "front_end": extractor.batch(probe, threads=1).tobytes().hex()[:4096],
    }
    if augmentation is not None:
        value["augmentation"] = augmentation | dataclasses.asdict(config.augmentation) | {"seed": config.data_seed}
    return digest(value)


def _runtime_extractor(features: FeatureConfig) -> Extractor:
    from kws_tflm.runtime import FeatureExtractor

    return FeatureExtractor(features)
