"""The run folder: one experiment's configuration, weights, history and report.

config.toml   the experiment file as given      history.csv   one row an epoch
config.json   resolved configuration and hash   curves.png    the same, drawn
float.npz  pruned.npz  qat.npz                  report.json   accuracies, sparsity, versions
state.json    where training stands             checkpoint.npz   the unfinished phase
"""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kws_tflm import config as configuration
from kws_tflm.config import Config
from kws_tflm.errors import ConfigError, ModelError, TrainingError
from kws_tflm.train.storage import Array, as_list, read_arrays, write_arrays, write_atomic, write_json

STAGES = ("float", "pruned", "qat")

HISTORY_COLUMNS = (
    "phase", "epoch", "learning_rate", "sparsity", "loss", "accuracy", "val_loss", "val_accuracy", "best", "seconds",
)  # fmt: skip


@dataclass(frozen=True)
class Stage:
    """Stored weights of one stage: a Keras weight list, masks by layer, and facts about them."""

    weights: list[Array]
    masks: dict[str, Array]
    meta: dict[str, Any]


def default_run_dir(config: Config, root: Path = Path("runs")) -> Path:
    """`root/<name>-<hash>`."""
    return root / f"{config.name}-{config.hash}"


class RunFolder:
    """Access to the files of one run; every write is atomic."""

    def __init__(self, path: Path, config: Config) -> None:
        """Open or make the folder `path` for `config`.

        Raises:
            MismatchError: the folder holds a run of another configuration.
        """
        self.path = path
        self.config = config
        stored = path / "config.json"
        before = read_config_file(stored) if stored.exists() else None
        if before is not None:
            configuration.require_same(config.hash, before.hash, "this run folder", path)
        path.mkdir(parents=True, exist_ok=True)
        if before != config:  # Same hash, other detector settings: tuned after training.
            write_json(stored, {"hash": config.hash, "config": config.to_dict()})

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other trainings out of this folder: two of them would overwrite each other's checkpoints.

        Raises:
            TrainingError: another process trains here.
        """
        handle = os.open(self.path, os.O_RDONLY)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise TrainingError(
                    f"{self.path}: another training runs in this folder; wait for it or stop it"
                ) from None
            except OSError:
                pass  # network file systems without locks on folders: as before there were any
            yield
        finally:
            os.close(handle)

    def keep_config_text(self, text: str) -> None:
        """Store the experiment file as the user wrote it."""
        write_atomic(self.path / "config.toml", text.encode())

    def save_stage(self, stage: str, content: Stage) -> None:
        """Store the weights of a finished stage."""
        groups: dict[str, list[Array] | dict[str, Array]] = {"weights": content.weights, "masks": content.masks}
        write_arrays(self.path / f"{stage}.npz", groups, {"hash": self.config.hash, **content.meta})

    def has_stage(self, stage: str) -> bool:
        """Whether `stage` is finished."""
        return (self.path / f"{stage}.npz").exists()

    def load_stage(self, stage: str) -> Stage:
        """The weights of a finished stage.

        Raises:
            ModelError: not there. MismatchError: from another configuration.
        """
        path = self.path / f"{stage}.npz"
        if not path.exists():
            present = [s for s in STAGES if self.has_stage(s)]
            raise ModelError(
                f"{path}: not there; this run has {', '.join(present) or 'no finished stage'}; train first"
            )
        groups, meta = read_arrays(path)
        configuration.require_same(self.config.hash, str(meta.pop("hash")), f"stage '{stage}'", path)
        return Stage(as_list(groups.get("weights", {})), groups.get("masks", {}), meta)

    def finished_report(self) -> dict[str, Any] | None:
        """`report.json`, which is written last, if it is there and of this configuration."""
        try:
            report: dict[str, Any] = json.loads((self.path / "report.json").read_text(encoding="utf-8"))
            wanted = report["stages"]
            complete = report["hash"] == self.config.hash and all(self.has_stage(stage) for stage in wanted)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return report if complete else None

    @property
    def checkpoint(self) -> Path:
        """The unfinished phase: weights, optimiser, best weights, masks, position and history."""
        return self.path / "checkpoint.npz"

    def save_history(self, rows: list[dict[str, Any]]) -> None:
        """`history.csv` of all `rows` so far: rewritten whole, so that a resumed run has no row twice."""
        text = io.StringIO()
        writer = csv.DictWriter(text, HISTORY_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_atomic(self.path / "history.csv", text.getvalue().encode())

    def save_state(self, phase: str, epoch: int, epochs: int) -> None:
        """`state.json`: for people and other verbs; resuming reads the checkpoint."""
        state = {"hash": self.config.hash, "phase": phase, "epoch": epoch, "epochs": epochs, "time": time.time()}
        write_json(self.path / "state.json", state)


def read_config_file(path: Path) -> Config:
    """The resolved configuration in a run folder's `config.json`.

    Raises:
        ConfigError: missing or unreadable. MismatchError: its hash is not that of its content.
    """
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        config = configuration.from_dict(stored["config"], where=str(path))
        recorded = str(stored["hash"])
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; give the folder of a run (runs/<name>-<hash>)") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error}); train again in a new run folder") from None
    configuration.require_same(config.hash, recorded, "this configuration", path)
    return config


def open_run(path: str | Path) -> RunFolder:
    """An existing run folder, with the configuration that made it."""
    path = Path(path)
    return RunFolder(path, read_config_file(path / "config.json"))
