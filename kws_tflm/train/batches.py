"""From an epoch's features to batches: balance, mixup, SpecAugment masks. All random draws from one generator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kws_tflm.config import TrainConfig
from kws_tflm.train.source import LabelledFeatures, as_model_input

Float = npt.NDArray[np.float32]


class Batch(NamedTuple):
    """What one update sees."""

    x: Float
    """Inputs [b, frames, features, 1]."""
    y: Float
    """Smoothed targets [b, n_classes]."""
    clips: npt.NDArray[np.int64]
    """[b], which clips of the epoch's data; where mixup is on, the one that weighs more."""


def balanced_order(
    labels: npt.NDArray[np.int64],
    balance: float,
    rng: np.random.Generator,
    words: npt.NDArray[np.int64] | None = None,
    word_balance: float = 0.0,
) -> npt.NDArray[np.int64]:
    """Clip indices of one epoch, len(labels) of them, shuffled.

    A class of c clips gets a share proportional to c^(1 - balance): 0 keeps the frequencies, 1 makes
    them equal. With `words` [n], the word that each clip holds, the words of a class share its part in the same way
    by `word_balance`. Within a class (a word) every clip comes up equally often, give or take one.
    """
    everything = np.arange(len(labels))
    parts = []
    for members, number in _shared(everything, labels, balance, len(labels)):
        groups = [(members, number)]
        if words is not None and word_balance > 0:
            groups = _shared(members, words[members], word_balance, number)
        for group, wanted in groups:
            whole, rest = divmod(wanted, len(group))
            parts += [group] * whole + [rng.permutation(group)[:rest]]
    return rng.permutation(np.concatenate(parts))


def _shared(
    members: npt.NDArray[np.int64], kinds: npt.NDArray[np.int64], balance: float, total: int
) -> list[tuple[npt.NDArray[np.int64], int]]:
    """`members` by kind, and how many of the `total` draws each kind gets."""
    names, counts = np.unique(kinds, return_counts=True)
    shares = counts ** (1.0 - balance)
    edges = np.rint(np.cumsum(shares / shares.sum()) * total).astype(int)
    wanted = np.diff(edges, prepend=0)
    return [(members[kinds == name], int(number)) for name, number in zip(names, wanted, strict=True)]


def batches(
    data: LabelledFeatures,
    n_classes: int,
    config: TrainConfig,
    rng: np.random.Generator,
    distort: bool = True,
    words: npt.NDArray[np.int64] | None = None,
    classes: npt.NDArray[np.int64] | None = None,
) -> Iterator[Batch]:
    """Batches of one epoch.

    All batches have the same size; up to one batch less one clip is left out, others each epoch.
    `distort` turns masks and mixup on; `words` [n] is what `train.word_balance` goes by;
    `classes` [n] what `train.balance` goes by, if not the labels.
    """
    order = balanced_order(data.labels if classes is None else classes, config.balance, rng, words, config.word_balance)
    size = min(config.batch_size, len(order))
    for start in range(0, len(order) - size + 1, size):
        chosen = np.sort(order[start : start + size])  # ascending reads are kinder to a memory map
        x = as_model_input(data.features[chosen])
        y = one_hot(data.labels[chosen], n_classes, config.label_smoothing)
        for _ in range(config.masks if distort else 0):
            if config.time_mask:
                mask(x, 1, config.time_mask, rng)
            if config.frequency_mask:
                mask(x, 2, config.frequency_mask, rng)
        if distort and config.mixup:
            x, y = mix(x, y, config.mixup, rng)
        yield Batch(x, y, chosen)


def distorts(config: TrainConfig) -> bool:
    """Whether `batches` changes any input when told to: masks or mixup are on."""
    return bool(config.mixup or (config.masks and (config.time_mask or config.frequency_mask)))


def one_hot(labels: npt.NDArray[np.int64], n_classes: int, smoothing: float = 0.0) -> Float:
    """Targets with `smoothing` of the mass spread over all classes."""
    off = smoothing / n_classes
    targets = np.full((len(labels), n_classes), off, np.float32)
    targets[np.arange(len(labels)), labels] += 1.0 - smoothing
    return targets


def mask(x: Float, axis: int, longest: int, rng: np.random.Generator) -> None:
    """Hide a run of 0 to `longest` frames (`axis` 1) or features (`axis` 2) of each clip, in place (SpecAugment).

    Frames become the clip's mean of each feature, features their own mean over the clip.
    """
    length = rng.integers(0, longest + 1, len(x))
    start = rng.integers(0, x.shape[axis] - longest + 1, len(x))
    index = np.arange(x.shape[axis])
    hidden = (index >= start[:, None]) & (index < (start + length)[:, None])
    where = hidden[:, :, None, None] if axis == 1 else hidden[:, None, :, None]
    np.copyto(x, x.mean(axis=1, keepdims=True), where=where)


def mix(x: Float, y: Float, fraction: float, rng: np.random.Generator) -> tuple[Float, Float]:
    """Mixup (arXiv 1710.09412) of a `fraction` of the clips with weights from Beta(0.4, 0.4)."""
    drawn = rng.beta(0.4, 0.4, len(x))
    chosen = rng.random(len(x)) < fraction
    weight: Float = np.where(chosen, np.maximum(drawn, 1.0 - drawn), 1.0).astype(np.float32)
    other = rng.permutation(len(x))
    w_x, w_y = weight[:, None, None, None], weight[:, None]
    mixed_x: Float = w_x * x + (1 - w_x) * x[other]
    mixed_y: Float = w_y * y + (1 - w_y) * y[other]
    return mixed_x, mixed_y
