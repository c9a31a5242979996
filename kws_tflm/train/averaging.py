"""The running mean of a model's weights over the updates: a better minimum than any single update's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kws_tflm._tf import tf
from kws_tflm.compress import Pruner
from kws_tflm.train.storage import Array


class RunningMean:
    """Exponential mean of all floating-point weights, batch statistics and quantiser ranges included.

    After n updates the decay is min(`decay`, (1 + n) / (10 + n)), so that the start does not linger.
    """

    def __init__(self, model: Any, decay: float, pruner: Pruner | None) -> None:
        """The mean starts at the present weights."""
        self._model, self._decay, self._pruner = model, decay, pruner
        self._sources = [weight for weight in model.weights if weight.dtype.is_floating]
        self._means = [tf.Variable(weight, trainable=False) for weight in self._sources]
        self._count = tf.Variable(0.0, trainable=False)

    def update(self) -> None:
        """Take the present weights in; may be inside a `tf.function`."""
        decay = tf.minimum(self._decay, (1.0 + self._count) / (10.0 + self._count))
        for mean, source in zip(self._means, self._sources, strict=True):
            mean.assign_sub((1.0 - decay) * (mean - source))
        self._count.assign_add(1.0)

    @contextmanager
    def in_model(self) -> Iterator[None]:
        """The model has the mean weights, masks applied, inside the block, and its own again after it."""
        own = [source.numpy() for source in self._sources]
        try:
            self._assign(self._sources, [mean.numpy() for mean in self._means])
            if self._pruner is not None:
                self._pruner.apply()
            yield
        finally:
            self._assign(self._sources, own)

    def state(self) -> list[Array]:
        """Count and means, for a checkpoint."""
        return [self._count.numpy(), *(mean.numpy() for mean in self._means)]

    def restore(self, state: Sequence[Array]) -> None:
        """Go on from a `state`."""
        self._assign([self._count, *self._means], state)

    @staticmethod
    def _assign(variables: Sequence[Any], values: Sequence[Array]) -> None:
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
