"""The synthetic set in the cache."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kws_tflm.config import Config
from kws_tflm.data import synthetic
from kws_tflm.data.cache import new_folder
from kws_tflm.data.dataset import SPLITS, Dataset, SplitSource, dataset_key, write_split


def load(config: Config, cache_dir: Path, processes: int = 2) -> Dataset:
    """The built-in spoken set of `config`, made on first use."""
    key = dataset_key(config, version=synthetic.VERSION)
    folder = cache_dir / f"synthetic-{key}"
    if not folder.is_dir():
        with new_folder(folder) as building:
            _make(config, building, processes)
    source = f"synthetic speech (espeak-ng, {config.data.clips_per_word} clips a word, seed {config.data_seed})"
    return Dataset(folder, config.labels, source)


def _make(config: Config, folder: Path, processes: int) -> None:
    for split in SPLITS:
        noise = synthetic.noise_bank(config, split)
        if split == "train":
            np.save(folder / "noise.npy", noise)
        clips = synthetic.plan(config, split)
        source = SplitSource(
            labels=[clip.label for clip in clips],
            names=[clip.name for clip in clips],
            clips=synthetic.render(config, split, clips, noise, processes),
        )
        write_split(folder, split, source)
