"""Networks that are trained first, in the run's own folder, and whose mean scores are targets for the run's."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_tflm._tf import keras
from kws_tflm.config import Config, ModelConfig
from kws_tflm.errors import ModelError
from kws_tflm.models import build
from kws_tflm.train.phase import Phase
from kws_tflm.train.run_folder import RunFolder
from kws_tflm.train.source import FeatureSource, LabelledFeatures

_FIRST_INDEX = 100
"""Teachers' phases have numbers of their own: a run's random numbers do not depend on whether it has teachers."""


def teacher_phases(config: Config) -> list[Phase]:
    """One phase a teacher: `teacher1`, `teacher2`, ..."""
    train, teacher = config.train, config.teacher
    model = ModelConfig(name=teacher.name, filters=teacher.filters, blocks=teacher.blocks, dropout=config.model.dropout)
    return [
        Phase(
            name=f"teacher{number + 1}",
            index=_FIRST_INDEX + number,
            epochs=teacher.epochs,
            learning_rate=train.learning_rate,
            patience=train.patience,
            first_epoch=number * teacher.epochs,
            distort=True,
            model=model,
        )
        for number in range(teacher.models)
    ]


@dataclass(frozen=True)
class Teacher:
    """A network that is trained, and the same network as others see it."""

    model: Any
    """Scores of its own classes (`fine_labels`); its weights are what is stored."""
    merged: Any
    """Scores of the run's classes; shares the weights of `model`."""


def build_teacher(config: Config, phase: Phase, words: int) -> Teacher:
    """An untrained teacher that tells `words` words of ``_unknown_`` apart; each phase has other initial weights."""
    assert phase.model is not None
    keywords = config.data.words
    classes = (*keywords, *(f"other {number}" for number in range(words)))
    data = dataclasses.replace(config.data, words=classes)
    model = build(dataclasses.replace(config, data=data, model=phase.model, seed=config.data_seed + phase.index))
    model._name = phase.name  # several of them become parts of one model, by name
    if words == 0:
        return Teacher(model, model)
    members = np.eye(len(config.labels))
    own = np.repeat(members[-1:], words, axis=0)
    sums = np.concatenate([members[: len(keywords)], own, members[len(keywords) :]])
    merge = keras.layers.Dense(
        len(config.labels), use_bias=False, trainable=False, kernel_initializer=keras.initializers.Constant(sums)
    )
    return Teacher(model, keras.Model(model.input, merge(model.output), name=phase.name))


class WordSource:
    """A `FeatureSource` whose training labels are a teacher's: each word of ``_unknown_`` has its own.

    Clips come as often as in the run: with a share for each class of the run, not for each of the teacher's. Otherwise
    most of what a teacher hears would be other words, and it would take keywords for them.
    """

    def __init__(self, source: FeatureSource, config: Config) -> None:
        """Without words in `source`, or without `teacher.every_word`, labels stay as they are."""
        self._source = source
        self._words, self.count = None, 0
        self.classes: npt.NDArray[np.int64] | None = None
        """Of the run, of each training clip; None: they are the labels."""
        words = source.words() if config.teacher.every_word else None
        if words is not None:
            labels = self.classes = source.train(0).labels
            self._words = fine_labels(labels, words, len(config.data.words))
            self.count = len(np.unique(words[labels == len(config.data.words) + 1]))

    def train(self, epoch: int) -> LabelledFeatures:
        """Features as in the source."""
        data = self._source.train(epoch)
        return data if self._words is None else LabelledFeatures(data.features, self._words)

    def evaluation(self, split: str) -> LabelledFeatures:
        """As in the source: labels are the run's classes."""
        return self._source.evaluation(split)

    def words(self) -> npt.NDArray[np.int64] | None:
        """As in the source."""
        return self._source.words()

    def prefetch(self, epoch: int) -> None:
        """As in the source."""
        self._source.prefetch(epoch)


def fine_labels(labels: npt.NDArray[np.int64], words: npt.NDArray[np.int64], keywords: int) -> npt.NDArray[np.int64]:
    """Class numbers of a teacher: keywords, then the words of ``_unknown_``, then silence, then (empty) unknown."""
    unknown = labels == keywords + 1
    others, number = np.unique(words[unknown], return_inverse=True)
    result = np.where(labels == keywords, keywords + len(others), labels)
    result[unknown] = keywords + number
    return result


def ensemble(folder: RunFolder, *others: Any) -> Any:
    """All teachers of a run, and `others`, as one Keras model: the mean of their scores of the run's classes.

    Raises:
        ModelError: one is not trained yet, or is another architecture's.
    """
    members = []
    for phase in teacher_phases(folder.config):
        stage = folder.load_stage(phase.name)
        member = build_teacher(folder.config, phase, int(stage.meta["words"]))
        try:
            member.model.set_weights(stage.weights)
        except ValueError:
            raise ModelError(f"{folder.path}: the weights of '{phase.name}' do not fit; train again") from None
        members.append(member.merged)
    members += others
    inputs = keras.Input(members[0].input_shape[1:], name="features")
    scores = [member(inputs) for member in members]
    return keras.Model(inputs, keras.layers.Average(name="scores")(scores) if len(scores) > 1 else scores[0])
