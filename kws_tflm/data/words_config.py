"""The experiment file that goes with a folder of own words."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from kws_tflm.config import from_dict
from kws_tflm.data.dataset import SPLITS
from kws_tflm.data.wav import write_bytes_atomic

NAME = "words.toml"

_TEXT = """\
# Own words: {spoken}. Written by 'kws-tflm {verb}'; yours to change (docs/own_words.md, docs/training.md).
# Every key that is not here has the default that kws_tflm/config.py states.
name = "{name}"
seed = 1

[data]
kind = "speech_commands"          # the layout: a folder a word
words = [{words}]
silence_fraction = {silence}
unknown_fraction = {unknown}            # clips of other words, as a multiple of those of the phrases: all there are

[augmentation]
speed_min = 0.85
speed_max = 1.15
gain_db = 10.0
time_shift_ms = 100.0
room_probability = 0.3
filter_probability = 0.5          # microphones

[model]
name = "ds_cnn"
filters = 64
blocks = 4

[train]
epochs = 60
batch_size = 64
learning_rate = 5e-3
augmented_epochs = 12
balance = 0.7                     # a class with fewer clips is shown more often
mixup = 0.3
time_mask = 8
patience = 60
distillation = 0.5                # pruning and QAT learn from the float model's scores as well

[prune]
sparsity = 0.75
block_shape = [1, 4]              # one output channel, four input channels
epochs = 36
end_epoch = 16.0
learning_rate = 1e-2

[qat]
epochs = 8
learning_rate = 2e-3

[detector]
threshold = 0.7                   # to choose it: kws-tflm stream make, stream score --apply (docs/streams.md)
smoothing = 2
"""
_LEAST_SILENCE = 0.1
_MOST_UNKNOWN = 20.0


def write_config(
    folder: Path, words: Sequence[str], counts: Mapping[str, Mapping[str, int]], verb: str
) -> tuple[Path, bool]:
    """Write `words.toml` into `folder` unless one is there; returns its path and whether it was written.

    Args:
        folder: the data folder.
        words: keywords in class order.
        counts: recordings of each folder of words by split, keywords among them.
        verb: what wrote the file, for its first line.
    """
    path = folder / NAME
    if path.exists():
        return path, False
    unknown = 0.1
    for split in SPLITS:  # the largest ratio: each split then has all the other words it can have
        keywords = sum(counts[word][split] for word in words if word in counts)
        others = sum(entry[split] for word, entry in counts.items() if word not in words)
        unknown = max(unknown, others / keywords if keywords else 0.0)
    text = _TEXT.format(
        spoken=", ".join(words),
        verb=verb,
        name="_".join(words) if len("_".join(words)) <= 24 else f"{words[0]}_and_others",
        words=", ".join(f'"{word}"' for word in words),
        silence=round(min(1.0, max(_LEAST_SILENCE, 0.25 / len(words))), 2),
        unknown=round(min(_MOST_UNKNOWN, unknown + 0.005), 2),
    )
    from_dict(tomllib.loads(text), where=str(path))
    write_bytes_atomic(path, text.encode())
    return path, True
