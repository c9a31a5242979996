"""Finished phases that one run takes over from another, where both would train them to the same weights."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from kws_tflm.config import Config
from kws_tflm.errors import MismatchError
from kws_tflm.train.run_folder import RunFolder, open_run
from kws_tflm.train.teachers import teacher_phases

_TEACHERS = ("data", "features", "augmentation", "train", "teacher")
"""Sections of an experiment that teachers depend on."""
_FLOAT = (*_TEACHERS, "model")
"""Those that the float phase depends on."""
_NOT_TEACHERS = ("seed", "train.epochs", "train.distillation")


def adopt_phases(folder: RunFolder, other: Path) -> list[str]:
    """Take from run `other` the finished teachers and float phase that `folder` lacks; returns their names.

    Only what `folder`'s own configuration would have trained, to the bit: the result does not depend on whether a
    phase was taken over or trained again. The float network is taken where nothing but pruning, QAT, detector and name
    differ, teachers also where their pupil is another one, or has
    another seed and `data.seed` says whose theirs is.

    Raises:
        MismatchError: `other` differs in a key that teachers (without teachers: the float phase) depend on.
    """
    donor = open_run(other)
    teachers = [phase.name for phase in teacher_phases(folder.config)]
    ours, theirs = _keys(folder.config, _FLOAT), _keys(donor.config, _FLOAT)
    different = [key for key in ours if ours[key] != theirs.get(key)]
    allowed = [
        key for key in different if key in _NOT_TEACHERS or (key.startswith("model.") and key != "model.dropout")
    ]
    if different and (not teachers or len(allowed) < len(different)):
        key = next((key for key in different if key not in allowed), different[0])
        raise MismatchError(f"{other}: was trained with another '{key}'; leave --from out")
    wanted = teachers if different else [*teachers, "float"]
    taken = [name for name in wanted if donor.has_stage(name) and not folder.has_stage(name)]
    for name in taken:
        folder.save_stage(name, donor.load_stage(name))
    return taken


def _keys(config: Config, sections: tuple[str, ...]) -> dict[str, Any]:
    """Every key of `sections`, with its value, and the seeds."""
    values = {name: dataclasses.asdict(getattr(config, name)) for name in sections}
    keys = {f"{name}.{key}": value for name in sections for key, value in values[name].items()}
    if not config.teacher.models:
        del keys["train.distillation"]  # nobody teaches the float network
    return {"seed": config.seed} | keys | {"data.seed": config.data_seed}
