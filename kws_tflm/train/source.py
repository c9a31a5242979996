"""Where training gets its features from."""

from __future__ import annotations

import threading
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from kws_tflm.errors import TrainingError

Int16 = npt.NDArray[np.int16]


class LabelledFeatures(NamedTuple):
    """Fixed-point features int16 Q7.8 [n, n_frames, n_features] and class indices int64 [n]."""

    features: Int16
    labels: npt.NDArray[np.int64]


class FeatureSource(Protocol):
    """Features by split and, for training, by augmented epoch."""

    def train(self, epoch: int) -> LabelledFeatures:
        """The training split as augmented for `epoch` (any non-negative number)."""
        ...

    def evaluation(self, split: str) -> LabelledFeatures:
        """The `validation` or `test` split, not augmented."""
        ...

    def words(self) -> npt.NDArray[np.int64] | None:
        """A number for the word that each training clip holds (equal words, equal numbers); None: not known."""
        ...

    def prefetch(self, epoch: int) -> None:
        """A hint that `train(epoch)` comes next: it may be made in the background."""
        ...


def check_classes(labels: npt.NDArray[np.int64], names: tuple[str, ...]) -> None:
    """Refuse training data in which a class has no clip.

    Raises:
        TrainingError: names the empty classes.
    """
    counts = np.bincount(labels, minlength=len(names))
    empty = [name for name, count in zip(names, counts, strict=True) if count == 0]
    if empty:
        raise TrainingError(
            f"no training clip for class {', '.join(empty)}; add recordings or take the word out of 'data.words'"
        )


def as_model_input(features: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """int16 Q7.8 [n, frames, features] -> float32 [n, frames, features, 1], the Keras models' input."""
    return (np.asarray(features, np.float32) / np.float32(256.0))[..., np.newaxis]


class Background:
    """At most one piece of work ahead, on a daemon thread, so that an interrupt need not wait for it."""

    def __init__(self, make: Any) -> None:
        """`make(key)` returns the value; it runs in the caller unless `start(key)` came first."""
        self._make = make
        self._thread: threading.Thread | None = None
        self._key: int | None = None
        self._outcome: tuple[bool, Any] | None = None

    def start(self, key: int) -> None:
        """Begin making the value of `key`, unless something is under way."""
        if self._thread is not None:
            return

        def work() -> None:
            try:
                self._outcome = (True, self._make(key))
            except Exception as error:  # raised again in the caller of `take`
                self._outcome = (False, error)

        self._key, self._outcome = key, None
        self._thread = threading.Thread(target=work, daemon=True)
        self._thread.start()

    def take(self, key: int) -> Any:
        """The value of `key`: from the background if it is the one begun, else made here."""
        if self._thread is None:
            return self._make(key)
        self._thread.join()
        started, outcome = self._key, self._outcome
        self._thread = None
        if started != key or outcome is None:
            return self._make(key)
        good, value = outcome
        if not good:
            raise value
        return value
