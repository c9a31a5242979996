"""A whole training run: (teachers ->) float -> prune -> PQAT, each phase taken up where it was interrupted."""

from __future__ import annotations

import dataclasses
import errno
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from kws_tflm.compress import Pruner, calibrate, quantization_aware
from kws_tflm.config import Config
from kws_tflm.errors import ConfigError, ModelError, TrainingError
from kws_tflm.models import build
from kws_tflm.report.curves import draw_curves
from kws_tflm.train.adopt import adopt_phases
from kws_tflm.train.events import EventLog
from kws_tflm.train.phase import Phase, PhaseTrainer, Watcher
from kws_tflm.train.progress_bar import ProgressBar
from kws_tflm.train.report import make_report
from kws_tflm.train.run_folder import STAGES, RunFolder, Stage, open_run
from kws_tflm.train.source import FeatureSource, as_model_input, check_classes
from kws_tflm.train.storage import write_atomic, write_json
from kws_tflm.train.teachers import WordSource, build_teacher, ensemble, teacher_phases

_CALIBRATION_CLIPS = 1024


def train_run(
    config: Config,
    run_dir: Path,
    source: FeatureSource,
    *,
    config_text: str | None = None,
    say: Callable[[str], None] | None = None,
    tensorboard: bool = False,
    donor: Path | None = None,
) -> dict[str, Any]:
    """Train everything that `run_dir` does not have yet and return the content of its `report.json`.

    Run again after an interruption, it goes on after the last whole epoch and ends with the weights
    of an uninterrupted run. A finished run is left as it is. With `tensorboard`, event files go to
    `run_dir`/tensorboard as well. `donor`: a run that equal phases are taken from (`adopt_phases`). Lines for people
    go to `say`; without it to standard error, with a progress bar if that is a terminal (standard output stays free
    for `--json`).

    Raises:
        MismatchError: `run_dir` belongs to another configuration, `donor` would not have trained the same.
        TrainingError: an empty class, a loss that is not finite, a full disk, another training in `run_dir`; nothing
            stored is lost.
    """
    watcher = Watcher(say) if say is not None else _on_stderr()
    say = watcher.say
    try:
        folder = RunFolder(run_dir, config)
        with folder.alone():
            if config_text is not None:
                folder.keep_config_text(config_text)
            finished = folder.finished_report()
            if finished is not None:
                say(f"{run_dir}: trained before; delete the folder to train again")
                return finished
            for name in adopt_phases(folder, donor) if donor is not None else []:
                say(f"{name}: taken from {donor}")
            if tensorboard:
                watcher = dataclasses.replace(watcher, row=EventLog(run_dir / "tensorboard").add)
            return _train(folder, source, watcher)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise TrainingError(f"{run_dir}: disk full; free some space and run the same command to go on") from None


def _on_stderr() -> Watcher:
    bar = ProgressBar(sys.stderr)
    return Watcher(bar.say, tick=bar.tick)


def load_model(run_dir: str | Path, stage: str) -> Any:
    """The Keras model of a finished stage of a run.

    `float`: dense; `pruned`: with its zeros; `qat`: with fake quantisers, ready for the converter.

    Raises:
        ConfigError, ModelError, MismatchError: no run there, stage not finished, or from another run.
    """
    return stage_model(open_run(run_dir), stage)


def stage_model(folder: RunFolder, stage: str) -> Any:
    """`load_model` for a run folder that is open."""
    if stage not in STAGES:
        raise ModelError(f"no stage '{stage}'; the stages are {', '.join(STAGES)}")
    stored = folder.load_stage(stage)
    model = build(folder.config)
    if stage == "qat":
        model = quantization_aware(model)
    try:
        model.set_weights(stored.weights)
    except ValueError:
        raise ModelError(f"{folder.path}: the weights of '{stage}' do not fit the architecture; train again") from None
    return model


def phases(config: Config) -> list[Phase]:
    """The phases of a run, in order."""
    train, prune, qat = config.train, config.prune, config.qat
    result = teacher_phases(config)
    result.append(Phase("float", 0, train.epochs, train.learning_rate, train.patience, 0, distort=True))
    sparsity = 0.0
    if prune.enabled:
        rate, patience, first = prune.learning_rate, train.patience, train.epochs
        result.append(Phase("pruned", 1, prune.epochs, rate, patience, first, prune, distort=prune.distort))
        sparsity = prune.sparsity
    first = train.epochs + (prune.epochs if prune.enabled else 0)
    rate, distort = qat.learning_rate, prune.distort
    if qat.enabled:
        result.append(Phase("qat", 2, qat.epochs, rate, train.patience, first, sparsity=sparsity, distort=distort))
    return result


def last_stage(config: Config) -> str:
    """The stage that is converted: ``qat``; without it ``pruned`` or ``float``, quantised after training."""
    return phases(config)[-1].name


def _train(folder: RunFolder, source: FeatureSource, watcher: Watcher) -> dict[str, Any]:
    config, say = folder.config, watcher.say
    check_classes(source.train(0).labels, config.labels)
    title = f"{config.name} ({config.hash})"
    rows: list[dict[str, Any]] = []
    previous: str | None = None
    for phase in phases(config):
        if folder.has_stage(phase.name):
            say(f"{phase.name}: finished before")
            rows = _joined(rows, folder.load_stage(phase.name).meta["rows"])
        else:
            started = time.monotonic()
            meta: dict[str, Any] = {}
            if phase.model is not None:
                taught = WordSource(source, config)
                new = build_teacher(config, phase, taught.count)
                model, pruner, meta["words"] = new.model, None, taught.count
                judged, classes = new.merged, taught.classes
                trainer = PhaseTrainer(phase, config, model, taught, folder, None, None, watcher, judged, classes)
            else:
                model, pruner = _prepare(folder, phase, previous, source)
                teacher = taught_by(folder, phase)
                trainer = PhaseTrainer(phase, config, model, source, folder, pruner, teacher, watcher)
            rows = trainer.run(rows)
            masks = pruner.masks() if pruner is not None else {}
            meta |= {"rows": rows, "seconds": round(time.monotonic() - started, 1)}
            folder.save_stage(phase.name, Stage(model.get_weights(), masks, meta))
            folder.checkpoint.unlink(missing_ok=True)
            write_atomic(folder.path / "curves.png", draw_curves(rows, title))
        if phase.model is None:
            previous = phase.name
    folder.save_history(rows)
    teachers = ensemble(folder) if config.teacher.models else None
    models = {name: stage_model(folder, name) for name in STAGES if folder.has_stage(name)}
    report = make_report(folder, source, models, teachers)
    write_json(folder.path / "report.json", report)
    layers = report["stages"][last_stage(config)]["sparsity"]
    if config.prune.enabled and layers:
        say("zeros by layer: " + ", ".join(f"{layer['layer']} {layer['sparsity']:.1%}" for layer in layers))
    for name, stage in report["stages"].items():
        say(f"{name:<6} validation {stage['validation']['accuracy']:.4f}  test {stage['test']['accuracy']:.4f}")
    return report


def _joined(rows: list[dict[str, Any]], later: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The history `later`, after rows of phases that it lacks: a stage that was taken over has that of its own run."""
    phases_later = {row["phase"] for row in later}
    return [row for row in rows if row["phase"] not in phases_later] + later


def taught_by(folder: RunFolder, phase: Phase) -> Any:
    """Whose scores are targets: teachers, float network or (`teacher.with_float`) their mean; None: nobody's."""
    config = folder.config
    if config.train.distillation == 0 or (phase.name == "float" and not config.float_is_taught):
        return None
    if config.float_is_taught:
        return ensemble(folder)
    own = stage_model(folder, "float")
    return ensemble(folder, own) if config.teacher.models else own


def _prepare(folder: RunFolder, phase: Phase, previous: str | None, source: FeatureSource) -> tuple[Any, Pruner | None]:
    """The model a phase starts from, and its masks."""
    config = folder.config
    if previous is None:
        return build(config), None
    model = stage_model(folder, previous)
    masks = folder.load_stage(previous).masks
    if phase.name == "qat":
        quantized = quantization_aware(model)
        data = source.train(phase.first_epoch)
        chosen = np.linspace(0, len(data.labels) - 1, min(_CALIBRATION_CLIPS, len(data.labels))).astype(int)
        calibrate(quantized, model, as_model_input(data.features[chosen]))
        model = quantized
    pruner = Pruner(model, config.prune) if config.prune.enabled else None
    if pruner is not None and not pruner.layer_names:
        raise ConfigError(
            f"'{config.model.name}' has no pointwise convolution to prune; set 'prune.enabled = false' for it"
        )
    if pruner is not None and masks:
        pruner.set_masks(masks)
    return model, pruner
