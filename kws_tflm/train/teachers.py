"""Larger networks that are trained first, in the run's own folder, and whose mean scores are targets for the run's."""

from __future__ import annotations

import dataclasses
from typing import Any

from kws_tflm._tf import keras
from kws_tflm.config import Config, ModelConfig
from kws_tflm.errors import ModelError
from kws_tflm.models import build
from kws_tflm.train.phase import Phase
from kws_tflm.train.run_folder import RunFolder

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


def build_teacher(config: Config, phase: Phase) -> Any:
    """An untrained teacher; each has its own initial weights."""
    assert phase.model is not None
    model = build(dataclasses.replace(config, model=phase.model, seed=config.seed + phase.index))
    model._name = phase.name  # several of them become parts of one model, by name
    return model


def ensemble(folder: RunFolder) -> Any:
    """All teachers of a run as one Keras model: the mean of their scores.

    Raises:
        ModelError: one is not trained yet, or is another architecture's.
    """
    members = []
    for phase in teacher_phases(folder.config):
        member = build_teacher(folder.config, phase)
        try:
            member.set_weights(folder.load_stage(phase.name).weights)
        except ValueError:
            raise ModelError(f"{folder.path}: the weights of '{phase.name}' do not fit; train again") from None
        members.append(member)
    inputs = keras.Input(members[0].input_shape[1:], name="features")
    scores = [member(inputs) for member in members]
    return keras.Model(inputs, keras.layers.Average(name="scores")(scores) if len(scores) > 1 else scores[0])
