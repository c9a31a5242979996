"""Teachers' scores: the same whether they are looked up or computed, and only where they may be looked up."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from kws_tflm._tf import keras
from kws_tflm.config import Config
from kws_tflm.train.batches import Batch, batches, distorts
from kws_tflm.train.source import LabelledFeatures, as_model_input
from kws_tflm.train.teaching import Teaching
from tests.train.fakes import FakeSource, tiny_config


class Counting(keras.layers.Layer):
    """Counts the clips that are put through it; the scores of a clip are its first two features."""

    def __init__(self) -> None:
        super().__init__()
        self.clips = self.add_weight(name="clips", initializer="zeros", trainable=False)

    def call(self, x: npt.NDArray[np.float32]) -> object:
        self.clips.assign_add(keras.backend.cast(keras.backend.shape(x)[0], "float32"))
        return keras.layers.Flatten()(x)[:, :2]


def teacher(shape: tuple[int, ...]) -> tuple[keras.Model, Counting]:
    counting = Counting()
    inputs = keras.Input((*shape, 1))
    return keras.Model(inputs, counting(inputs)), counting


def expected(features: npt.NDArray[np.int16]) -> npt.NDArray[np.float32]:
    return as_model_input(features).reshape(len(features), -1)[:, :2]


def epoch_of(source: FakeSource, config: Config, epoch: int) -> tuple[LabelledFeatures, list[Batch]]:
    data = source.train(epoch)
    return data, list(batches(data, len(config.labels), config.train, np.random.default_rng(epoch)))


def test_a_copy_that_comes_again_is_not_scored_again() -> None:
    config = tiny_config(train={"augmented_epochs": 2})
    source = FakeSource(config, clips=96)
    model, counting = teacher(source.train(0).features.shape[1:])
    teaching = Teaching(model, distorted=False, copies=2)
    for epoch in range(4):
        data, made = epoch_of(source, config, epoch)
        taught = teaching.of_epoch(epoch, data)
        for batch in made:
            assert np.allclose(taught(*batch).numpy(), expected(data.features)[batch.clips], atol=1e-5)
    assert float(counting.clips.numpy()) == 2 * 96


def test_clips_that_are_distorted_are_scored_as_they_are_heard() -> None:
    config = tiny_config(train={"time_mask": 8, "masks": 2})
    source = FakeSource(config, clips=96)
    model, _ = teacher(source.train(0).features.shape[1:])
    data, made = epoch_of(source, config, 0)
    taught = Teaching(model, distorted=True, copies=2).of_epoch(0, data)
    for batch in made:
        assert np.allclose(taught(*batch).numpy(), batch.x.reshape(len(batch.x), -1)[:, :2], atol=1e-5)
    assert any(not np.allclose(batch.x, as_model_input(data.features[batch.clips])) for batch in made)


def test_without_a_teacher_the_targets_are_what_is_taught() -> None:
    config = tiny_config()
    data, made = epoch_of(FakeSource(config, clips=64), config, 0)
    taught = Teaching(None, distorted=False, copies=1).of_epoch(0, data)
    assert all(np.array_equal(taught(*batch).numpy(), batch.y) for batch in made)


@pytest.mark.parametrize(
    ("settings", "changed"),
    [({}, False), ({"mixup": 0.2}, True), ({"time_mask": 3}, True), ({"frequency_mask": 3, "masks": 0}, False)],
)
def test_what_distorts(settings: dict[str, float], changed: bool) -> None:
    assert distorts(tiny_config(train=settings).train) is changed
