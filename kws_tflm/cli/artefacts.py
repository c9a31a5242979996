"""Finding the artefact that a command line means: a model file, a shipped model, a run folder, or the newest run."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kws_tflm.errors import DataError, ModelError

if TYPE_CHECKING:
    from kws_tflm.config import Config

RUNS = Path("runs")
DEMO_RUNS = Path("build/demo/runs")
DATA_NOTE = "data.json"
DENSE, SPARSE = "dense.tflite", "sparse.tflite"


@dataclass(frozen=True)
class RunFolder:
    """A folder that `kws-tflm train` made."""

    path: Path

    @property
    def dense(self) -> Path:
        """The dense int8 model; may not exist yet."""
        return self.path / DENSE

    @property
    def sparse(self) -> Path:
        """The model with sparse operators; may not exist yet."""
        return self.path / SPARSE

    @property
    def data_dir(self) -> Path | None:
        """The recordings that the run was trained on; None for a synthetic set, or if nobody noted it."""
        try:
            noted = json.loads((self.path / DATA_NOTE).read_text(encoding="utf-8"))["data"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return Path(noted) if isinstance(noted, str) else None

    def note_data_dir(self, data_dir: Path | None) -> None:
        """Remember the recordings for the verbs that come after training."""
        from kws_tflm.train.storage import write_json

        write_json(self.path / DATA_NOTE, {"data": None if data_dir is None else str(data_dir.resolve())})

    def config(self) -> Config:
        """The resolved configuration that made the run.

        Raises:
            DataError: the folder is no run folder or its configuration is damaged.
        """
        from kws_tflm.config import from_dict

        where = self.path / "config.json"
        try:
            raw = json.loads(where.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise DataError(
                f"{self.path}: not a run folder (no config.json); give the folder that train made"
            ) from None
        except ValueError:
            raise DataError(f"{where}: damaged; train again or choose another run") from None
        if not isinstance(raw, dict):
            raise DataError(f"{where}: damaged; train again or choose another run")
        inner = raw.get("config", raw)
        return from_dict({k: v for k, v in inner.items() if k != "hash"}, where=str(where))


def is_run(path: Path) -> bool:
    """`path` looks like a run folder."""
    return (path / "config.json").is_file()


def find_run(path: str | Path) -> RunFolder:
    """The run folder at `path`.

    Raises:
        DataError: there is none.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise DataError(f"{folder}: no such run folder; train makes one under {RUNS}/ and prints its name")
    run = RunFolder(folder)
    run.config()
    return run


def newest_run(made: str = SPARSE) -> RunFolder | None:
    """The run folder, under runs/ or of the demo, in which the file `made` is newest."""
    found = [p for root in (RUNS, DEMO_RUNS) if root.is_dir() for p in root.glob(f"*/{made}")]
    return RunFolder(max(found, key=lambda p: p.stat().st_mtime).parent) if found else None


def find_model(path: str | Path | None) -> Path:
    """The `.tflite` meant by `path`: a file, a run folder (its sparse model, else its dense one), the name of a
    shipped model, or None (newest run).

    Raises:
        ModelError: there is none.
    """
    if path is None:
        run = newest_run()
        if run is None:
            raise ModelError("no model given and no run found; run 'kws-tflm demo' or name a .tflite or a run folder")
        return run.sparse
    given = find_subject(path)
    if given.is_dir():
        for candidate in (given / SPARSE, given / DENSE):
            if candidate.is_file():
                return candidate
        raise ModelError(f"{given}: holds no {SPARSE} or {DENSE}; run 'kws-tflm convert {given}' first")
    return given


def find_subject(path: str | Path) -> Path:
    """The file or folder `path` if there is one, else the file of the shipped model of that name.

    Raises:
        ModelError: neither; the shipped models, or the nearest of them, are named.
    """
    given = Path(path)
    if given.exists():
        return given
    from kws_tflm import shipped

    if (model := shipped.find(str(path))) is not None:
        return model
    names = shipped.names()
    near = difflib.get_close_matches(str(path), names, n=1)
    if near:
        raise ModelError(f"{given}: no such model; did you mean the shipped '{near[0]}'?")
    known = f", or a shipped model: {', '.join(names)}" if names else ""
    raise ModelError(f"{given}: no such model; give a .tflite or a run folder{known}")


def read_model(path: Path) -> bytes:
    """Contents of a model file; ModelError when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise ModelError(f"{path}: cannot be read ({reason}); give a .tflite") from None


def find_config(what: Path, given: str | Path | None = None) -> Config:
    """The configuration of a run folder or model: from inside it, else from the experiment file `given`.

    Raises:
        ModelError: a model without metadata and no `given`.
        MismatchError: `given` is not the configuration that made the artefact.
    """
    from kws_tflm import config as configuration
    from kws_tflm.convert import read_metadata

    asked = configuration.load(given) if given is not None else None
    if what.is_dir():
        inside = find_run(what).config()
    else:
        metadata = read_metadata(read_model(what), str(what))
        if metadata is None:
            if asked is None:
                raise ModelError(f"{what}: carries no configuration; name its experiment file with --config")
            return asked
        inside = metadata.config
    if asked is not None:
        configuration.require_same(asked.hash, inside.hash, "this artefact", what)
    return inside
