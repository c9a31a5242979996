"""One phase of training: epochs, masks, best weights, early stopping, and going on after an interruption."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_tflm._tf import tf
from kws_tflm.compress import Pruner, polynomial_sparsity
from kws_tflm.config import Config, ModelConfig, PruneConfig
from kws_tflm.errors import TrainingError
from kws_tflm.train.averaging import RunningMean
from kws_tflm.train.batches import batches, distorts
from kws_tflm.train.run_folder import RunFolder
from kws_tflm.train.source import FeatureSource
from kws_tflm.train.step import Scorer, cosine_rate, make_optimizer, make_update, reset_dropout
from kws_tflm.train.storage import Array, as_list, read_arrays, write_arrays
from kws_tflm.train.teaching import Teaching

_MASK_UPDATES_AN_EPOCH = 4


@dataclass(frozen=True)
class Phase:
    """What distinguishes float training, pruning and QAT."""

    name: str
    index: int
    """Position among the phases; part of every random seed."""
    epochs: int
    learning_rate: float
    patience: int
    first_epoch: int
    """Epochs of all earlier phases: chooses the augmented copy of the data."""
    prune: PruneConfig | None = None
    """Schedule for the masks; None: masks stay as they are."""
    sparsity: float = 0.0
    """Sparsity at the start."""
    distort: bool = False
    """Masks and mixup: they keep a dense network from learning by heart, a pruned one is mostly too small to."""
    model: ModelConfig | None = None
    """A teacher's architecture; None: the network of the run."""

    def sparsity_at(self, epoch: float) -> float:
        """Scheduled sparsity after `epoch` epochs."""
        if self.prune is None:
            return self.sparsity
        return polynomial_sparsity(epoch, self.prune.begin_epoch, self.prune.end_epoch, self.prune.sparsity)

    def counts(self, epoch: int) -> bool:
        """Whether the weights after this epoch (from 0) may be chosen: only once the schedule is over."""
        return self.prune is None or epoch + 1 >= self.prune.end_epoch or epoch + 1 == self.epochs


@dataclass(frozen=True)
class Watcher:
    """Who is told about finished epochs."""

    say: Callable[[str], None]
    """Gets a line for people."""
    row: Callable[[int, dict[str, Any]], None] = lambda step, row: None
    """Gets the number of epochs done in the whole run, and the history row."""
    tick: Callable[[str, int, float], None] = lambda phase, epochs, done: None
    """After each update: the phase, its epochs, how many of them are done, in parts too."""


@dataclass
class Progress:
    """Where a phase stands after an epoch; all of it is in the checkpoint."""

    epoch: int = 0
    sparsity: float = 0.0
    best: tuple[float, float] = (-1.0, -math.inf)
    """Validation accuracy and negative loss of the best epoch."""
    waited: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)
    best_weights: list[Array] = field(default_factory=list)


class PhaseTrainer:
    """Runs one `Phase` on `model`; `run` leaves the best weights in it."""

    def __init__(
        self,
        phase: Phase,
        config: Config,
        model: Any,
        source: FeatureSource,
        folder: RunFolder,
        pruner: Pruner | None,
        teacher: Any,
        watcher: Watcher,
        judged: Any = None,
        classes: npt.NDArray[np.int64] | None = None,
    ) -> None:
        """Where `model` has other classes than the run:

        `judged`: the model that is validated, which shares its weights; `classes`: those of the run by training clip.
        """
        self.classes = classes
        self.phase, self.config, self.model, self.source = phase, config, model, source
        self.folder, self.pruner, self.watcher = folder, pruner, watcher
        self.optimizer = make_optimizer(model, config.train)
        decay = config.train.averaging
        self.mean = RunningMean(model, decay, pruner) if decay > 0 else None
        distillation = config.train.distillation if teacher is not None else 0.0
        self.update = make_update(model, self.optimizer, pruner, distillation, self.mean)
        self.teaching = Teaching(teacher, phase.distort and distorts(config.train), config.train.augmented_epochs)
        self.scorer = Scorer(model if judged is None else judged)

    def run(self, earlier_rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Train to the end or until patience is spent; returns the history with this phase's rows.

        Raises:
            TrainingError: the loss is not finite. ModelError: a masked weight is not zero at the end.
        """
        progress = self._resume() or Progress(sparsity=self.phase.sparsity, rows=list(earlier_rows))
        validation = self.source.evaluation("validation")
        while progress.epoch < self.phase.epochs and progress.waited < self.phase.patience:
            started = time.monotonic()
            loss, accuracy = self._epoch(progress)
            with self.mean.in_model() if self.mean is not None else nullcontext():
                val_loss, val_accuracy = self.scorer.loss_and_accuracy(validation)
                better = self._judge(progress, (val_accuracy, -val_loss))
            row: dict[str, Any] = {
                "phase": self.phase.name,
                "epoch": progress.epoch + 1,
                "learning_rate": float(f"{float(self.optimizer.learning_rate.numpy()):.6g}"),
                "sparsity": round(progress.sparsity, 4),
                "loss": round(loss, 5),
                "accuracy": round(accuracy, 5),
                "val_loss": round(val_loss, 5),
                "val_accuracy": round(val_accuracy, 5),
            }
            row["best"] = int(better)
            row["seconds"] = round(time.monotonic() - started, 2)
            progress.rows.append(row)
            progress.epoch += 1
            self._save(progress)
            self.watcher.say(self._line(row))
            self.watcher.row(len(progress.rows), row)
        if progress.epoch < self.phase.epochs:
            self.watcher.say(f"{self.phase.name}: no better for {self.phase.patience} epochs, stopping early")
        self.model.set_weights(progress.best_weights)
        if self.pruner is not None:
            self.pruner.check()
        return progress.rows

    def _epoch(self, progress: Progress) -> tuple[float, float]:
        phase, epoch = self.phase, progress.epoch
        seed = self.config.seed if phase.model is None else self.config.data_seed
        rng = np.random.default_rng([seed, phase.index, epoch])
        reset_dropout(self.model, int(rng.integers(1 << 31)))
        data = self.source.train(phase.first_epoch + epoch)
        self.source.prefetch(phase.first_epoch + epoch + 1)
        size = min(self.config.train.batch_size, len(data.labels))
        steps = len(data.labels) // size
        interval = max(1, steps // _MASK_UPDATES_AN_EPOCH)
        losses, hits = [], 0
        n_classes, words = self.model.output_shape[-1], self.source.words()
        made = batches(data, n_classes, self.config.train, rng, phase.distort, words, self.classes)
        taught = self.teaching.of_epoch(phase.first_epoch + epoch, data)
        for step, (x, y, clips) in enumerate(made):
            if step % interval == 0:
                self._prune_to(progress, phase.sparsity_at(epoch + step / steps))
            rate = cosine_rate(phase.learning_rate, (epoch + step / steps) / phase.epochs)
            inputs, targets = tf.constant(x), tf.constant(y)
            loss, correct = self.update(inputs, targets, taught(inputs, targets, clips), tf.constant(rate, tf.float32))
            losses.append(float(loss))
            hits += int(correct)
            self.watcher.tick(phase.name, phase.epochs, epoch + (step + 1) / steps)
        self._prune_to(progress, phase.sparsity_at(epoch + 1))
        mean = float(np.mean(losses))
        if not math.isfinite(mean):
            raise TrainingError(
                f"the loss became {mean} in epoch {epoch + 1} of phase '{phase.name}'; "
                "lower its 'learning_rate' and train in a new run (epochs before it are kept)"
            )
        return mean, hits / (steps * size)

    def _prune_to(self, progress: Progress, sparsity: float) -> None:
        if self.pruner is not None and sparsity > progress.sparsity:
            self.pruner.update(sparsity)
            progress.sparsity = sparsity

    def _judge(self, progress: Progress, result: tuple[float, float]) -> bool:
        """Keep the weights if they are the best so far; count the epochs since."""
        if not self.phase.counts(progress.epoch):
            return False
        if result > progress.best:
            progress.best, progress.waited = result, 0
            progress.best_weights = self.model.get_weights()
            return True
        progress.waited += 1
        return False

    def _save(self, progress: Progress) -> None:
        meta = {
            "hash": self.config.hash,
            "phase": self.phase.name,
            "epoch": progress.epoch,
            "sparsity": progress.sparsity,
            "best": progress.best,
            "waited": progress.waited,
            "rows": progress.rows,
        }
        groups: dict[str, list[Array] | dict[str, Array]] = {
            "model": self.model.get_weights(),
            "optimizer": [variable.numpy() for variable in self.optimizer.variables],
            "best": progress.best_weights,
            "masks": self.pruner.masks() if self.pruner is not None else {},
            "mean": self.mean.state() if self.mean is not None else [],
        }
        write_arrays(self.folder.checkpoint, groups, meta)
        self.folder.save_history(progress.rows)
        self.folder.save_state(self.phase.name, progress.epoch, self.phase.epochs)

    def _resume(self) -> Progress | None:
        """Take up a checkpoint of this very phase and configuration, if there is one."""
        if not self.folder.checkpoint.exists():
            return None
        groups, meta = read_arrays(self.folder.checkpoint)
        if meta["phase"] != self.phase.name or meta["hash"] != self.config.hash:
            return None
        self.model.set_weights(as_list(groups["model"]))
        for variable, value in zip(self.optimizer.variables, as_list(groups["optimizer"]), strict=True):
            variable.assign(value)
        if self.pruner is not None:
            self.pruner.set_masks(groups.get("masks", {}))
        if self.mean is not None:
            self.mean.restore(as_list(groups["mean"]))
        self.watcher.say(f"{self.phase.name}: going on after epoch {meta['epoch']}")
        return Progress(
            epoch=meta["epoch"],
            sparsity=meta["sparsity"],
            best=tuple(meta["best"]),
            waited=meta["waited"],
            rows=meta["rows"],
            best_weights=as_list(groups.get("best", {})),
        )

    def _line(self, row: dict[str, Any]) -> str:
        sparsity = f"  sparsity {row['sparsity']:.3f}" if self.phase.prune is not None else ""
        return (
            f"{row['phase']:<6} {row['epoch']:>3}/{self.phase.epochs}  loss {row['loss']:.4f}  "
            f"accuracy {row['accuracy']:.4f}  validation {row['val_accuracy']:.4f}{'*' if row['best'] else ' '}"
            f"{sparsity}  {row['seconds']:.1f} s"
        )
