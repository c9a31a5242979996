"""From an epoch's features to batches: class balance, mixup, time masks. All random draws from one generator."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from kws_tflm.config import TrainConfig
from kws_tflm.train.source import LabelledFeatures, as_model_input

Float = npt.NDArray[np.float32]


def balanced_order(labels: npt.NDArray[np.int64], balance: float, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Clip indices of one epoch, len(labels) of them, shuffled.

    A class of c clips gets a share proportional to c^(1 - balance): 0 keeps the frequencies, 1 makes
    them equal. Within a class every clip comes up equally often, give or take one.
    """
    classes, counts = np.unique(labels, return_counts=True)
    shares = counts ** (1.0 - balance)
    edges = np.rint(np.cumsum(shares / shares.sum()) * len(labels)).astype(int)
    wanted = np.diff(edges, prepend=0)
    parts = []
    for label, number in zip(classes, wanted, strict=True):
        members = np.flatnonzero(labels == label)
        whole, rest = divmod(int(number), len(members))
        parts += [members] * whole + [rng.permutation(members)[:rest]]
    return rng.permutation(np.concatenate(parts))


def batches(
    data: LabelledFeatures, n_classes: int, config: TrainConfig, rng: np.random.Generator, distort: bool = True
) -> Iterator[tuple[Float, Float]]:
    """Batches of one epoch: inputs [b, frames, features, 1] and smoothed targets [b, n_classes].

    All batches have the same size; up to one batch less one clip is left out, others each epoch.
    `distort` turns time masks and mixup on.
    """
    order = balanced_order(data.labels, config.balance, rng)
    size = min(config.batch_size, len(order))
    for start in range(0, len(order) - size + 1, size):
        chosen = np.sort(order[start : start + size])  # ascending reads are kinder to a memory map
        x = as_model_input(data.features[chosen])
        y = one_hot(data.labels[chosen], n_classes, config.label_smoothing)
        if distort and config.time_mask:
            mask_time(x, config.time_mask, rng)
        if distort and config.mixup:
            x, y = mix(x, y, config.mixup, rng)
        yield x, y


def one_hot(labels: npt.NDArray[np.int64], n_classes: int, smoothing: float = 0.0) -> Float:
    """Targets with `smoothing` of the mass spread over all classes."""
    off = smoothing / n_classes
    targets = np.full((len(labels), n_classes), off, np.float32)
    targets[np.arange(len(labels)), labels] += 1.0 - smoothing
    return targets


def mask_time(x: Float, longest: int, rng: np.random.Generator) -> None:
    """Set a run of 0 to `longest` frames of each clip to the clip's mean of that coefficient, in place."""
    length = rng.integers(0, longest + 1, len(x))
    start = rng.integers(0, x.shape[1] - longest + 1, len(x))
    frame = np.arange(x.shape[1])
    masked = (frame >= start[:, None]) & (frame < (start + length)[:, None])
    np.copyto(x, x.mean(axis=1, keepdims=True), where=masked[:, :, None, None])


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
