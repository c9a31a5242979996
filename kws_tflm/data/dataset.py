"""One data set object, whatever its source: three splits of one-second clips, memory-mapped, and noise."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from kws_tflm.config import Config
from kws_tflm.data.cache import digest, new_array
from kws_tflm.data.silence import CLIP_SAMPLES
from kws_tflm.errors import DataError

Int16 = npt.NDArray[np.int16]
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Split:
    """Clips of one split, class by class."""

    name: str
    clips: Int16
    """[n, 16000] at 16 kHz, memory-mapped and read-only."""
    labels: npt.NDArray[np.int64]
    """[n], class numbers in `Config.labels`."""
    names: list[str]
    """[n], where each clip comes from."""
    key: str
    """Identifies the content, for caches of what is computed from it."""


@dataclass(frozen=True)
class Dataset:
    """A data set in the cache."""

    folder: Path
    labels: tuple[str, ...]
    """Class names; a clip's label is an index into them."""
    source: str
    """One line on where the clips come from."""

    def split(self, name: str) -> Split:
        """The split ``train``, ``validation`` or ``test``."""
        if name not in SPLITS:
            raise DataError(f"no split {name!r}; the splits are {', '.join(SPLITS)}")
        names = json.loads((self.folder / f"{name}.names.json").read_text(encoding="utf-8"))
        return Split(
            name=name,
            clips=np.load(self.folder / f"{name}.clips.npy", mmap_mode="r"),
            labels=np.load(self.folder / f"{name}.labels.npy"),
            names=names,
            key=f"{self.folder.name}/{name}",
        )

    @property
    def noise(self) -> Int16:
        """Background sound for augmentation of the training split, int16, one long memory-mapped row."""
        return np.asarray(np.load(self.folder / "noise.npy", mmap_mode="r"))

    def counts(self) -> dict[str, dict[str, int]]:
        """Clips by split and class name."""
        result = {}
        for name in SPLITS:
            numbers = np.bincount(np.load(self.folder / f"{name}.labels.npy"), minlength=len(self.labels))
            result[name] = dict(zip(self.labels, numbers.tolist(), strict=True))
        return result

    def describe(self) -> str:
        """The source and a table of counts, one class a line."""
        counts = self.counts()
        width = max(len(label) for label in (*self.labels, "class"))
        lines = [self.source, "class".ljust(width) + "".join(name.rjust(12) for name in SPLITS)]
        for label in self.labels:
            lines.append(label.ljust(width) + "".join(str(counts[name][label]).rjust(12) for name in SPLITS))
        totals = "".join(str(sum(counts[name].values())).rjust(12) for name in SPLITS)
        return "\n".join([*lines, "all".ljust(width) + totals])


@dataclass(frozen=True)
class SplitSource:
    """How to fill one split: labels and names are known at once, clips come one by one."""

    labels: Sequence[int]
    names: Sequence[str]
    clips: Iterable[Int16]


def load_dataset(config: Config, data_dir: Path | None, cache_dir: Path, download: bool = False) -> Dataset:
    """The data set of `config`, made if it is not in `cache_dir` yet.

    Args:
        config: `config.data` says which set and which words.
        data_dir: Speech Commands: the folder ``speech_commands_v0.02`` or its parent. Synthetic: None.
        cache_dir: where decoded clips and features are kept.
        download: get the official archives when `data_dir` is absent or empty.

    Raises:
        DataError: no such folder, a word without recordings, a download that fails.
        AudioError: a recording that is not 16 kHz mono PCM16.
    """
    if config.data.kind == "synthetic":
        if data_dir is not None:
            raise DataError(
                f"{data_dir}: this configuration makes its own recordings (data.kind = 'synthetic'); "
                "leave out --data, or set data.kind to 'speech_commands'"
            )
        from kws_tflm.data import synthetic_set

        return synthetic_set.load(config, cache_dir)
    if data_dir is None:
        raise DataError(
            "this configuration needs recordings (data.kind = 'speech_commands'); name their folder with --data DIR, "
            "and add --download to get them"
        )
    from kws_tflm.data import recordings

    return recordings.load(config, data_dir, cache_dir, download)


def dataset_key(config: Config, **more: Any) -> str:
    """Hash of what decides a data set's clips: the [data] section, the seed and `more`."""
    data = dataclasses.asdict(config.data)
    del data["seed"]  # it is in what follows
    return digest({"data": data, "seed": config.data_seed, **more})


def write_split(folder: Path, name: str, source: SplitSource) -> None:
    """Store one split in `folder`, a clip at a time."""
    count = len(source.labels)
    with new_array(folder / f"{name}.clips.npy", (count, CLIP_SAMPLES), np.int16) as append:
        for clip in tqdm(source.clips, total=count, desc=f"{name} clips", unit="clip", disable=None, leave=False):
            append(clip[np.newaxis])
    np.save(folder / f"{name}.labels.npy", np.asarray(source.labels, np.int64))
    (folder / f"{name}.names.json").write_text(json.dumps(list(source.names)), encoding="utf-8")
