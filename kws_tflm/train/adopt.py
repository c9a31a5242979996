"""Finished phases that one run takes over from another, where both would train them to the same weights."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from kws_tflm.config import Config
from kws_tflm.errors import MismatchError
from kws_tflm.train.run_folder import RunFolder, open_run
from kws_tflm.train.teachers import teacher_phases

_SECTIONS = ("data", "features", "augmentation", "train", "teacher", "model")
"""Of an experiment, those that teachers and float phase depend on."""
_NOT_TEACHERS = ("seed", "train.epochs", "train.distillation", "teacher.with_float")


def adopt_phases(folder: RunFolder, other: Path) -> list[str]:
    """Take from run `other` the finished teachers and float phase that `folder` lacks; returns their names.

    Only what `folder`'s own configuration would have trained, to the bit: the result does not depend on whether a
    phase was taken over or trained again. The float network is taken where nothing but pruning, QAT, detector, name
    and what nobody taught it differ; teachers where their pupil is another one, or has another seed and `data.seed`
    says whose theirs is.

    Raises:
        MismatchError: `other` differs in a key that teachers (without teachers: the float phase) depend on.
    """
    donor = open_run(other)
    ours, theirs = _keys(folder.config), _keys(donor.config)
    different = [key for key in ours if ours[key] != theirs[key]]
    taught = folder.config.float_is_taught or donor.config.float_is_taught
    in_float = [key for key in different if taught or not _only_teaches(key)]
    in_teachers = [key for key in different if _shapes_teachers(key)]
    teachers = [phase.name for phase in teacher_phases(folder.config)]
    wanted = [*(teachers if not in_teachers else []), *(["float"] if not in_float else [])]
    if not wanted:
        key = in_teachers[0] if teachers else in_float[0]
        raise MismatchError(f"{other}: was trained with another '{key}'; leave --from out")
    taken = [name for name in wanted if donor.has_stage(name) and not folder.has_stage(name)]
    for name in taken:
        folder.save_stage(name, donor.load_stage(name))
    return taken


def _only_teaches(key: str) -> bool:
    """Whether `key` is of no consequence to a float network that nobody teaches."""
    return key.startswith("teacher.") or key == "train.distillation"


def _shapes_teachers(key: str) -> bool:
    """Whether teachers depend on `key`; of their pupil's network they have the dropout alone."""
    return key not in _NOT_TEACHERS and (not key.startswith("model.") or key == "model.dropout")


def _keys(config: Config) -> dict[str, Any]:
    """Every key of `_SECTIONS`, with its value, and the seeds."""
    values = {name: dataclasses.asdict(getattr(config, name)) for name in _SECTIONS}
    keys = {f"{name}.{key}": value for name in _SECTIONS for key, value in values[name].items()}
    return {"seed": config.seed} | keys | {"data.seed": config.data_seed}
