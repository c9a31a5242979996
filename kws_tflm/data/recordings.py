"""A folder of recordings -> a data set in the cache: which clips make which class, how many, and the noise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kws_tflm.config import SILENCE_LABEL, UNKNOWN_LABEL, Config
from kws_tflm.data import acoustics, synthetic
from kws_tflm.data.cache import new_folder
from kws_tflm.data.dataset import SPLITS, Dataset, SplitSource, dataset_key, write_split
from kws_tflm.data.download import download_speech_commands
from kws_tflm.data.silence import CLIP_SAMPLES, silence_clips
from kws_tflm.data.speech_commands import (
    WORDS_FOLDER,
    Inventory,
    Layout,
    find_layout,
    fingerprint,
    noise_files,
    take_inventory,
)
from kws_tflm.data.wav import fit_length, read_wav
from kws_tflm.errors import DataError

Int16 = npt.NDArray[np.int16]
VERSION = 1
"""Part of the cache key; raise it when the clips change."""
NOISE_SHARE = {"train": (0.0, 0.8), "validation": (0.8, 0.9), "test": (0.9, 1.0)}
"""Part of each background recording that a split takes its silence from."""


def load(config: Config, data_dir: Path, cache_dir: Path, download: bool = False) -> Dataset:
    """The recordings below `data_dir` as a data set; decoded once and found again as long as nothing changes."""
    words = config.data.words
    layout = find_layout(data_dir, words)
    if layout is None:
        if not download:
            raise DataError(_nothing_there(data_dir, words))
        download_speech_commands(data_dir)
        layout = find_layout(data_dir, words)
        if layout is None:
            raise DataError(f"{data_dir}: the official data set has none of {', '.join(words)}; change data.words")
    folder = cache_dir / f"recordings-{dataset_key(config, version=VERSION, recordings=fingerprint(layout))}"
    inventory = take_inventory(layout, words)
    if not folder.is_dir():
        with new_folder(folder) as building:
            _make(config, layout, inventory, building)
    test = "12-class test set" if inventory.official_test else "test split"
    return Dataset(folder, config.labels, f"recordings in {layout.words}, {test}")


def _nothing_there(data_dir: Path, words: Sequence[str]) -> str:
    if not data_dir.is_dir():
        return f"{data_dir}: no such folder; name the data set's folder, or add --download to get Speech Commands there"
    return (
        f"{data_dir}: neither {WORDS_FOLDER}/ nor a folder for any of the words {', '.join(words)} is in it; "
        "name the data set's folder, or add --download to get Speech Commands there"
    )


def _make(config: Config, layout: Layout, inventory: Inventory, folder: Path) -> None:
    background = [read_wav(path) for path in noise_files(layout)] or [_made_up_noise(config)]
    for number, split in enumerate(SPLITS):
        low, high = NOISE_SHARE[split]
        noise = np.concatenate([n[int(low * len(n)) : int(high * len(n))] for n in background])
        if split == "train":
            np.save(folder / "noise.npy", noise)
        rng = np.random.default_rng([config.data_seed, number, 4])
        source = _source(config, inventory.files[split], noise, rng)
        if split == "train" and config.data.synthetic_voices > 0:
            source = _with_voices(source, config)
        write_split(folder, split, source)


def _source(config: Config, files: dict[str, list[Path]], noise: Int16, rng: np.random.Generator) -> SplitSource:
    """Keywords in class order, then silence, then other words."""
    data = config.data
    labels: list[int] = []
    paths: list[Path] = []
    for label, word in enumerate(data.words):
        labels += [label] * len(files.get(word, ()))
        paths += files.get(word, ())
    keywords = len(paths)
    silence = len(data.words)
    recorded = files.get(SILENCE_LABEL, [])
    cut_count = 0 if recorded else round(data.silence_fraction * keywords)
    others = files.get(UNKNOWN_LABEL) or _other_words(files, data.words, round(data.unknown_fraction * keywords), rng)
    names = [f"{path.parent.name}/{path.name}" for path in (*paths, *recorded)]
    names += [f"{SILENCE_LABEL}/{i:05d}" for i in range(cut_count)]
    names += [f"{path.parent.name}/{path.name}" for path in others]
    labels += [silence] * (len(recorded) + cut_count) + [silence + 1] * len(others)

    def clips() -> Iterator[Int16]:
        yield from map(_clip, (*paths, *recorded))
        for _ in range(cut_count):
            yield silence_clips(noise, 1, rng)[0]
        yield from map(_clip, others)

    return SplitSource(labels, names, clips())


def _with_voices(source: SplitSource, config: Config) -> SplitSource:
    """`source`, then the synthetic voices that `data.synthetic_voices` asks for."""
    extra = synthetic.extra_voices(config)

    def clips() -> Iterator[Int16]:
        yield from source.clips
        yield from synthetic.render(config, "train", extra, synthetic.noise_bank(config, "train"))

    labels = [*source.labels, *(clip.label for clip in extra)]
    return SplitSource(labels, [*source.names, *(clip.name for clip in extra)], clips())


def _other_words(
    files: dict[str, list[Path]], keywords: Sequence[str], count: int, rng: np.random.Generator
) -> list[Path]:
    """Up to `count` recordings of words that are no keywords, as evenly over the words as they allow."""
    pools = [[paths[i] for i in rng.permutation(len(paths))] for word, paths in files.items() if word not in keywords]
    chosen: list[Path] = []
    for turn in range(max(map(len, pools), default=0)):
        chosen += [pool[turn] for pool in pools if turn < len(pool)]
        if len(chosen) >= count:
            break
    return sorted(chosen[:count])


def _clip(path: Path) -> Int16:
    return fit_length(read_wav(path), CLIP_SAMPLES)


def _made_up_noise(config: Config) -> Int16:
    """Stand-in for a missing folder of background recordings."""
    rng = np.random.default_rng([config.data_seed, 5])
    return acoustics.to_int16(0.1 * np.concatenate(acoustics.background(rng, 20.0)))
