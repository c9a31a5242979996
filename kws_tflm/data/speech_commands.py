"""Speech Commands v0.02 in its official layout, or a folder of one's own with one sub-folder a word.

Splits. ``validation_list.txt`` and ``testing_list.txt`` decide; a recording in neither is for training.
Where a list is missing, the data set's own rule decides in its place (`which_set`: by the SHA-1 of the
speaker part of the file name, 10 % each), and an *empty* list counts as missing, with one exception: an empty
testing list beside the official 12-class test set says that no test recordings are among these.
The test split is the 12-class test set where it is there and has every word, else the recordings that the
list or the rule names.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kws_tflm.config import SILENCE_LABEL, UNKNOWN_LABEL
from kws_tflm.errors import DataError

WORDS_FOLDER = "speech_commands_v0.02"
TEST_FOLDER = "speech_commands_test_set_v0.02"
NOISE_FOLDER = "_background_noise_"
LISTS = {"validation": "validation_list.txt", "test": "testing_list.txt"}
_PERCENT = {"validation": 10.0, "test": 10.0}
_MAX_WAVS_PER_CLASS = 2**27 - 1


@dataclass(frozen=True)
class Layout:
    """Where things are."""

    words: Path
    """Folder with one sub-folder a word."""
    test: Path | None
    """The official 12-class test set, if it is there."""


@dataclass(frozen=True)
class Inventory:
    """Recordings by split and word, sorted, as paths relative to `Layout.words`, or below `Layout.test`."""

    files: dict[str, dict[str, list[Path]]]
    """split -> word (or ``_silence_``, ``_unknown_`` of the official test set) -> files."""
    official_test: bool
    """The test split is the official 12-class test set."""


def find_layout(data_dir: Path, words: Sequence[str]) -> Layout | None:
    """Recognise `data_dir`: the parent of the official folders, or a folder of words; None if it has neither."""
    for folder in (data_dir / WORDS_FOLDER, data_dir):
        if folder.is_dir() and any((folder / word).is_dir() for word in words):
            test = next((t for t in (folder.parent / TEST_FOLDER, folder / TEST_FOLDER) if t.is_dir()), None)
            return Layout(folder, test)
    return None


def take_inventory(layout: Layout, words: Sequence[str]) -> Inventory:
    """Sort every recording into its split.

    Raises:
        DataError: a keyword has no folder or no recordings; a list names no existing file.
    """
    folders = {f.name: f for f in sorted(layout.words.iterdir()) if f.is_dir() and not f.name.startswith((".", "_"))}
    folders.pop(TEST_FOLDER, None)
    files = {name: _wavs(folder) for name, folder in folders.items()}
    for word in words:
        if word not in files:
            raise DataError(f"{layout.words}: has no folder for the word '{word}'; add it or change data.words")
        if not files[word]:
            raise DataError(f"{layout.words / word}: the class '{word}' is empty (no .wav file); add recordings")
    official_test = _official_test(layout, words)
    listed = {split: _read_list(layout.words / name) for split, name in LISTS.items()}
    by_rule = {split for split, names in listed.items() if not names}
    if official_test and (layout.words / LISTS["test"]).is_file():
        by_rule.discard("test")
    splits: dict[str, dict[str, list[Path]]] = {"train": {}, "validation": {}, "test": {}}
    for word, paths in files.items():
        for path in paths:
            split = _split_of(f"{word}/{path.name}", listed, by_rule)
            splits[split].setdefault(word, []).append(path)
    for word in words:
        if not splits["train"].get(word):
            raise DataError(f"{layout.words / word}: every recording of '{word}' is in a validation or testing list")
    if official_test:
        splits["test"] = official_test
    return Inventory(splits, bool(official_test))


def which_set(file_name: str) -> str:
    """The data set's official rule: one speaker's recordings always fall into the same split.

    The part before ``_nohash_`` is hashed, and the hash read as a percentage. See the README of the data set.
    """
    speaker = re.sub(r"_nohash_.*$", "", file_name)
    number = int(hashlib.sha1(speaker.encode("utf-8", "surrogateescape")).hexdigest(), 16)
    percentage = (number % (_MAX_WAVS_PER_CLASS + 1)) * (100.0 / _MAX_WAVS_PER_CLASS)
    if percentage < _PERCENT["validation"]:
        return "validation"
    return "test" if percentage < _PERCENT["validation"] + _PERCENT["test"] else "train"


def noise_files(layout: Layout) -> list[Path]:
    """The background recordings, sorted; none if the folder is missing."""
    return _wavs(layout.words / NOISE_FOLDER)


def fingerprint(layout: Layout) -> str:
    """Hash of names, sizes and modification times of all that is read: changes when the recordings change."""
    lines = []
    for root in filter(None, (layout.words, layout.test)):
        for folder in sorted(p for p in root.iterdir() if p.is_dir()):
            for path in _wavs(folder):
                status = path.stat()
                lines.append(f"{root.name}/{folder.name}/{path.name} {status.st_size} {status.st_mtime_ns}")
    for name in LISTS.values():
        path = layout.words / name
        lines.append(f"{name} {hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else 'missing'}")
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _split_of(relative: str, listed: dict[str, set[str]], by_rule: set[str]) -> str:
    for split, names in listed.items():
        if relative in names:
            return split
    split = which_set(relative.rpartition("/")[2])
    return split if split in by_rule else "train"


def _official_test(layout: Layout, words: Sequence[str]) -> dict[str, list[Path]]:
    """Classes of the 12-class test set, or nothing when it does not have every keyword."""
    if layout.test is None or not all((layout.test / word).is_dir() for word in words):
        return {}
    classes = {}
    for name in (*words, SILENCE_LABEL, UNKNOWN_LABEL):
        classes[name] = _wavs(layout.test / name)
        if not classes[name]:
            raise DataError(f"{layout.test / name}: the class '{name}' of the test set is empty; unpack it again")
    return classes


def _read_list(path: Path) -> set[str]:
    """The relative names in a split list; empty when the file is missing."""
    try:
        return {line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()}
    except FileNotFoundError:
        return set()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not a list of file names ({type(error).__name__}); unpack it again") from None


def _wavs(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if p.suffix.lower() == ".wav" and not p.name.startswith("."))
