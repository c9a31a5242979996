"""One optimiser update and batched inference as TensorFlow functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_tflm._tf import keras, tf
from kws_tflm.compress import Pruner
from kws_tflm.config import TrainConfig
from kws_tflm.train.averaging import RunningMean
from kws_tflm.train.source import LabelledFeatures, as_model_input

_WARM_UP = 0.03
_FLOOR = 0.01


def cosine_rate(peak: float, position: float) -> float:
    """Learning rate at `position` in [0, 1] of a phase: short linear warm-up, then cosine to 1 % of `peak`."""
    if position < _WARM_UP:
        return peak * (position + 1e-3) / (_WARM_UP + 1e-3)
    progress = (position - _WARM_UP) / (1.0 - _WARM_UP)
    return peak * (_FLOOR + (1.0 - _FLOOR) * 0.5 * (1.0 + math.cos(math.pi * min(progress, 1.0))))


def make_optimizer(model: Any, config: TrainConfig) -> Any:
    """AdamW whose decay leaves biases and batch normalisation alone; its variables exist on return."""
    optimizer = keras.optimizers.AdamW(learning_rate=config.learning_rate, weight_decay=config.weight_decay)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    optimizer.build(model.trainable_variables)
    return optimizer


def make_update(
    model: Any,
    optimizer: Any,
    pruner: Pruner | None,
    distillation: float,
    mean: RunningMean | None = None,
) -> Callable[[Any, Any, Any, Any], tuple[Any, Any]]:
    """The update `f(x, y, taught, learning_rate) -> (mean loss, correct predictions)`.

    Targets are y * (1 - distillation) + taught * distillation, `taught` being a teacher's scores (y without one); masks
    are applied after the optimiser, so weights outside them are zero whenever the update returns; then the weights
    enter their `mean`.
    """
    loss_function = keras.losses.CategoricalCrossentropy()

    def update(x: Any, y: Any, taught: Any, learning_rate: Any) -> tuple[Any, Any]:
        targets = (1.0 - distillation) * y + distillation * taught if distillation > 0 else y
        with tf.GradientTape() as tape:
            scores = model(x, training=True)
            loss = loss_function(targets, scores)
        variables = model.trainable_variables
        optimizer.learning_rate.assign(learning_rate)
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        if pruner is not None:
            pruner.apply()
        if mean is not None:
            mean.update()
        hits = tf.equal(tf.argmax(scores, 1), tf.argmax(y, 1))
        return loss, tf.reduce_sum(tf.cast(hits, tf.int32))

    compiled: Callable[[Any, Any, Any, Any], tuple[Any, Any]] = tf.function(update, reduce_retracing=True)
    return compiled


class Scorer:
    """Softmax scores of a model, batched, in one compiled function."""

    def __init__(self, model: Any, batch_size: int = 512) -> None:
        self._batch_size = batch_size
        self._call = tf.function(lambda x: model(x, training=False), reduce_retracing=True)

    def scores(self, features: npt.NDArray[np.int16]) -> npt.NDArray[np.float32]:
        """int16 features [n, frames, features] -> float32 [n, classes]."""
        parts = [self._call(x).numpy() for x in self._slices(features)]
        return np.concatenate(parts)

    def batch_scores(self, x: Any) -> Any:
        """One batch of model inputs, array or tensor -> a tensor of scores."""
        return self._call(tf.convert_to_tensor(x))

    def loss_and_accuracy(self, data: LabelledFeatures) -> tuple[float, float]:
        """Mean cross-entropy and accuracy on `data`."""
        scores = self.scores(data.features)
        picked = scores[np.arange(len(scores)), data.labels]
        loss = float(-np.log(np.maximum(picked, 1e-7)).mean())
        return loss, float(np.mean(scores.argmax(axis=1) == data.labels))

    def _slices(self, features: npt.NDArray[np.int16]) -> Iterator[Any]:
        for start in range(0, len(features), self._batch_size):
            yield tf.constant(as_model_input(features[start : start + self._batch_size]))


def reset_dropout(model: Any, seed: int) -> None:
    """Give every dropout layer a fresh generator state: an epoch's masks depend on `seed` alone.

    Without it a resumed run would draw other masks than an uninterrupted one.
    """
    for index, outer in enumerate(model.layers):
        layer = getattr(outer, "layer", outer)
        if isinstance(layer, keras.layers.Dropout):
            layer._random_generator._generator.reset_from_seed(seed * 1000 + index)
