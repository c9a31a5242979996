"""Which recordings a stream is made of: words to hear, other words, background noise."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kws_tflm.config import SILENCE_LABEL, UNKNOWN_LABEL
from kws_tflm.data.recordings import NOISE_SHARE
from kws_tflm.data.speech_commands import NOISE_FOLDER, find_layout, take_inventory
from kws_tflm.errors import DataError

SPLITS = ("test", "validation", "train", "all")


@dataclass(frozen=True)
class Recording:
    """One spoken word."""

    word: str
    """The folder it lies in; ``_unknown_`` where the data set does not say which other word it is."""
    path: Path
    name: str
    """`path` relative to the data folder."""

    @property
    def speaker(self) -> str:
        """The part of the file name before ``_nohash_``; empty when the name says nothing."""
        found = re.match(
            r"(?:.+_(?=[0-9a-f]{8}_))?(.+)_nohash_", self.path.name
        )  # the test set: nine_e49428d9_nohash_0
        return found.group(1) if found else ""


@dataclass(frozen=True)
class NoiseFile:
    """A background recording, of which only the part from `begin` to `end` (fractions) is used."""

    path: Path
    begin: float = 0.0
    end: float = 1.0


@dataclass(frozen=True)
class Recordings:
    """What a stream is made of; every list is sorted, so that a seed means the same on every machine."""

    keywords: dict[str, list[Recording]]
    """Each keyword's recordings; none is empty."""
    unknown: list[Recording]
    """Other words: said, but no targets. May be empty."""
    noise: list[NoiseFile]


def find_recordings(data_dir: Path, words: Sequence[str], split: str, noise_dir: Path | None = None) -> Recordings:
    """Recordings below `data_dir` that belong to `split`.

    Args:
        data_dir: the official Speech Commands layout (or its parent), where the official lists or, for ``test``,
            the 12-class test set beside it decide; or one folder a class with ``_silence_`` or ``_unknown_`` among
            them, as the official test set is, all of which is taken whatever the split.
        words: the keywords; every other folder holds other words.
        split: ``test``, ``validation``, ``train``, or ``all``, which takes everything.
        noise_dir: folder of background recordings, used whole. Without it, ``_background_noise_`` in the data
            folder is used: for a split the part of each recording that training leaves to that split.

    Raises:
        DataError: no such folder, no recording of a word in this split, no background noise.
    """
    if not data_dir.is_dir():
        raise DataError(f"{data_dir}: no such folder; name the folder of the recordings with --data")
    if not words:
        raise DataError("no words given; name at least one with --words, or an experiment file with --config")
    layout = find_layout(data_dir, words)
    if layout is None:
        raise DataError(
            f"{data_dir}: has no folder for any of the words {', '.join(words)}; name a folder with one sub-folder "
            "a word, or other words with --words"
        )
    one_folder_a_class = (data_dir / UNKNOWN_LABEL).is_dir() or (data_dir / SILENCE_LABEL).is_dir()
    if one_folder_a_class or split == "all":
        root, files, split = (data_dir if one_folder_a_class else layout.words), None, "all"
        files = _every_file(root)
    else:
        files = take_inventory(layout, words).files[split]
    base = data_dir.resolve()
    keywords = {word: [_recording(word, path, base) for path in files.get(word, ())] for word in words}
    for word, found in keywords.items():
        if not found:
            raise DataError(f"{data_dir}: no recording of '{word}' is in the split '{split}'; add some, or --split all")
    unknown = [
        _recording(word, path, base)
        for word, paths in sorted(files.items())
        if word not in keywords and word != SILENCE_LABEL
        for path in paths
    ]
    return Recordings(keywords, unknown, _noise(layout.words if not one_folder_a_class else root, split, noise_dir))


def _recording(word: str, path: Path, base: Path) -> Recording:
    resolved = path.resolve()
    name = resolved.relative_to(base) if resolved.is_relative_to(base) else Path(*path.parts[-3:])
    return Recording(word, path, name.as_posix())


def _every_file(root: Path) -> dict[str, list[Path]]:
    folders = (
        f for f in sorted(root.iterdir()) if f.is_dir() and not f.name.startswith(".") and f.name != NOISE_FOLDER
    )
    return {folder.name: _wavs(folder) for folder in folders}


def _noise(root: Path, split: str, noise_dir: Path | None) -> list[NoiseFile]:
    if noise_dir is not None:
        if not noise_dir.is_dir():
            raise DataError(f"{noise_dir}: no such folder; name a folder of background recordings with --noise")
        found = _wavs(noise_dir)
        if not found:
            raise DataError(f"{noise_dir}: holds no .wav file; a stream needs background noise, 16 kHz mono")
        return [NoiseFile(path) for path in found]
    found = _wavs(root / NOISE_FOLDER)
    if not found:
        raise DataError(
            f"{root}: has no background noise ({NOISE_FOLDER}/*.wav); name a folder of recordings with --noise"
        )
    begin, end = NOISE_SHARE.get(split, (0.0, 1.0))
    return [NoiseFile(path, begin, end) for path in found]


def _wavs(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if p.suffix.lower() == ".wav" and not p.name.startswith("."))
