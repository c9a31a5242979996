"""Recordings of any rate and kind -> one-second clips in the layout of Speech Commands.

``SRC/WORD/FILE`` or ``SRC/WORD/SPEAKER/FILE``. Who speaks is, in this order: what the caller says, the folder between
word and file, the part of the file name before ``_nohash_``. Recordings that say nothing belong to one speaker: it is
safer to count two people as one than one as two, whose clips would then be trained on and tested on. A speaker belongs
to one split, which the name decides (`speech_commands.which_set`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from kws_tflm.config import UNKNOWN_LABEL
from kws_tflm.data import acoustics
from kws_tflm.data.own_words import speaker_in
from kws_tflm.data.phrases import class_name
from kws_tflm.data.silence import CLIP_SAMPLES
from kws_tflm.data.speech_commands import LISTS, NOISE_FOLDER, which_set
from kws_tflm.data.wav import SAMPLE_RATE, fit_length, write_bytes_atomic, write_wav
from kws_tflm.errors import DataError

SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".aif", ".aiff")
"""What the sound-file library reads."""
_SILENT_PEAK = 4


@dataclass(frozen=True)
class Source:
    """One file to be imported."""

    path: Path
    word: str
    """Folder in the target; `NOISE_FOLDER` for background noise."""
    speaker: str


@dataclass
class Imported:
    """What became of the files."""

    written: int = 0
    there: int = 0
    """Imported by an earlier call."""
    long: list[str] = field(default_factory=list)
    """Whose speech lasts more than a second."""
    refused: list[str] = field(default_factory=list)
    """One line each: what, and why."""
    speakers: dict[str, str] = field(default_factory=dict)
    """Speaker -> split."""


def find_sources(folder: Path, speaker: str | None = None) -> list[Source]:
    """The sound files below `folder`, sorted.

    Raises:
        DataError: no such folder, no recording in it, a word folder without a usable name.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; name one with a sub-folder of recordings for each word")
    sources = []
    for entry in sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")):
        noise = entry.name == NOISE_FOLDER
        word = entry.name if noise else class_name(entry.name)
        if not word or (entry.name.startswith("_") and not noise):
            raise DataError(
                f"{entry}: no word can be made of this name; rename the folder: a-z and 0-9; {NOISE_FOLDER} for noise"
            )
        for path in sorted(entry.rglob("*")):
            if path.is_file() and path.suffix.lower() in SUFFIXES and not path.name.startswith("."):
                sources.append(Source(path, word, speaker or _speaker(path, entry, folder)))
    if not sources:
        raise DataError(
            f"{folder}: no recording in a sub-folder ({', '.join(SUFFIXES)}); put them into one folder a word: "
            f"{folder.name}/hey_board/anna/1.wav"
        )
    return sources


def into_classes(sources: Sequence[Source], words: Sequence[str]) -> list[Source]:
    """Other words than `words` as ``_unknown_``; without the background noise."""
    kept = [source for source in sources if source.word != NOISE_FOLDER]
    return [source if source.word in words else replace(source, word=UNKNOWN_LABEL) for source in kept]


def import_recordings(
    sources: Sequence[Source], target: Path, split: str | None = None, lists: bool = True
) -> Imported:
    """Convert `sources` into `target`.

    Files are named by their content: what is there is not written again, and nothing is ever replaced. A file that
    cannot be used is noted and left out.

    Args:
        sources: what to convert.
        target: data folder; may hold other recordings.
        split: of all of them; None lets each speaker's name decide. A single speaker is for training then.
        lists: leave the (empty) split lists by which every verb knows the layout; False for class folders.
    """
    state = Imported()
    names = {_clean(source.speaker) for source in sources if source.word != NOISE_FOLDER}
    if split is None and len(names) == 1:
        split = "train"
    for name in sorted(names):
        kept = name if split is None or which_set(f"{name}_nohash_") == split else speaker_in(split, name)
        state.speakers[kept] = which_set(f"{kept}_nohash_")
    for name in LISTS.values() if lists else ():
        if not (target / name).exists():
            write_bytes_atomic(target / name, b"")
    called = dict(zip(sorted(names), state.speakers, strict=True))
    for source in tqdm(sources, desc="recordings", unit="file", disable=None):
        _import(source, called.get(_clean(source.speaker), ""), target, state)
    return state


def centred(samples: npt.NDArray[np.int16]) -> tuple[npt.NDArray[np.int16], bool]:
    """A second of the recording with its speech in the middle, and whether the speech lasts longer than that.

    Near the ends of a recording the speech lies off the middle: sound that was recorded is better than zeros. Of
    longer speech the second with the most energy is taken; shorter recordings are padded.
    """
    from kws_tflm.stream.speech import active_span

    start, end = active_span(samples)
    if end - start > CLIP_SAMPLES:
        frame = SAMPLE_RATE // 100
        count = len(samples) // frame
        energy = np.square(samples[: count * frame].astype(np.float64)).reshape(count, frame).sum(axis=1)
        total = np.concatenate([[0.0], np.cumsum(energy)])
        best = int(np.argmax(total[100:] - total[:-100]))
        return samples[best * frame : best * frame + CLIP_SAMPLES].copy(), True
    first = (start + end - CLIP_SAMPLES) // 2
    first = max(min(first, len(samples) - CLIP_SAMPLES), min(0, first))
    before = max(0, -first)
    clip = np.concatenate([np.zeros(before, np.int16), samples[max(0, first) :]])
    return fit_length(clip, CLIP_SAMPLES).copy(), False


def read_any(path: Path) -> npt.NDArray[np.int16]:
    """A recording of any rate, width and number of channels as 16 kHz mono.

    Raises:
        DataError: it cannot be decoded, or is empty or silent.
    """
    import soundfile
    import soxr

    try:
        signal, rate = soundfile.read(path, dtype="float64", always_2d=True)
    except (soundfile.SoundFileError, OSError, RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0].rpartition(": ")[2].rstrip(".") if str(error) else "damaged"
        raise DataError(f"{path}: cannot be decoded ({reason}); record or export it again") from None
    if len(signal) == 0:
        raise DataError(f"{path}: has no samples; record it again")
    samples = acoustics.to_int16(np.asarray(soxr.resample(signal.mean(axis=1), rate, SAMPLE_RATE)))
    if np.abs(samples.astype(np.int32)).max(initial=0) < _SILENT_PEAK:
        raise DataError(f"{path}: is silent; record it again")
    return samples


def _import(source: Source, speaker: str, target: Path, state: Imported) -> None:
    try:
        content = hashlib.sha256(source.path.read_bytes()).hexdigest()[:8]
    except OSError as error:
        state.refused.append(f"{source.path}: cannot be read ({error.strerror})")
        return
    noise = source.word == NOISE_FOLDER
    name = f"{_clean(source.path.stem)}-{content}.wav" if noise else f"{speaker}_nohash_{content}.wav"
    path = target / source.word / name
    if path.is_file():
        state.there += 1
        return
    try:
        samples = read_any(source.path)
    except DataError as error:
        state.refused.append(str(error))
        return
    if not noise:
        samples, long = centred(samples)
        if long:
            state.long.append(str(source.path))
    write_wav(path, samples)
    state.written += 1


def _speaker(path: Path, word_folder: Path, root: Path) -> str:
    between = path.relative_to(word_folder).parts[:-1]
    if between:
        return "-".join(between)
    before, mark, _ = path.name.partition("_nohash_")
    return before if mark else root.resolve().name


def _clean(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-") or "speaker"
