"""A teacher's scores for the batches of a phase: looked up where clips come as they are, computed where they do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_tflm._tf import tf
from kws_tflm.train.source import LabelledFeatures
from kws_tflm.train.step import Scorer

Taught = Callable[[Any, Any, npt.NDArray[np.int64]], Any]
"""(inputs, targets, clips) of a batch -> the scores that it is taught."""


class Teaching:
    """Epochs take the augmented copies in turn: a copy is scored once, and a large teacher costs next to nothing.

    That holds for batches without masks and mixup. With them every batch is new to the teacher, too.
    """

    def __init__(self, teacher: Any, distorted: bool, copies: int) -> None:
        """`teacher`: a Keras model, None for none; `copies`: epochs that are equal modulo this have the same clips."""
        self._scorer = Scorer(teacher) if teacher is not None else None
        self._distorted, self._copies = distorted, copies
        self._known: dict[int, npt.NDArray[np.float32]] = {}

    def of_epoch(self, epoch: int, data: LabelledFeatures) -> Taught:
        """What gives the scores for the batches of `data`, the clips of `epoch`; without a teacher the targets."""
        scorer = self._scorer
        if scorer is None:
            return lambda x, y, clips: tf.convert_to_tensor(y)
        if self._distorted:
            return lambda x, y, clips: scorer.batch_scores(x)
        copy = epoch % self._copies
        if copy not in self._known:
            self._known[copy] = scorer.scores(data.features)
        known = self._known[copy]
        return lambda x, y, clips: tf.constant(known[clips])
