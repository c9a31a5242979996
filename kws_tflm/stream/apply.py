"""Writes detector settings where the firmware's build reads them: into the model, and into its run folder.

The generated `settings.h` of a firmware takes its detector from the configuration inside the `.tflite`. The
detector is not part of the configuration's hash, so that the model stays the model of its run.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from kws_tflm.config import Config, DetectorConfig, require_same
from kws_tflm.convert import embed_metadata, read_metadata
from kws_tflm.errors import ModelError
from kws_tflm.runtime import Interpreter
from kws_tflm.train.run_folder import RunFolder, open_run
from kws_tflm.train.storage import write_atomic

_MODELS = ("sparse.tflite", "dense.tflite")
_REPORT = "convert.json"


def apply_detector(
    target: Path, detector: DetectorConfig, config: Config | None = None, copy: Path | None = None
) -> list[Path]:
    """Write `detector` into a model, or into a run folder (its `config.json`, its models and
    the digests of these in `convert.json`).

    Every file is replaced as a whole, and none before the new content of all of them has been checked: the
    metadata reads back, and the model gives the same bytes as before.

    Args:
        target: a `.tflite` or a run folder.
        detector: the settings.
        config: configuration of a model that has none inside; it is embedded with `detector`.
        copy: write the changed model here and leave `target`, a `.tflite`, as it is.

    Returns:
        the files that were changed, absolute; those that had these settings already are left alone.

    Raises:
        ModelError: a model without configuration and no `config`; a model that cannot be read.
        MismatchError: `config` is not the model's own.
    """
    if not target.is_dir():
        path = target.resolve()
        content = _with_detector(path, detector, config)
        if copy is not None:
            copy.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(copy.resolve(), path.read_bytes() if content is None else content)
            return [copy.resolve()]
        return _write([(path, content)] if content is not None else [])
    run = open_run(target)
    models = [(target / name).resolve() for name in _MODELS if (target / name).is_file()]
    if not models:
        raise ModelError(f"{target}: holds no model; run 'kws-tflm convert {target}' first")
    prepared = [(path, _with_detector(path, detector, run.config)) for path in models]
    digests = _digests(target / _REPORT, {path.stem: content for path, content in prepared if content is not None})
    changed = _write([(path, content) for path, content in prepared if content is not None] + digests)
    wanted = replace(run.config, detector=detector)
    if wanted != run.config:
        RunFolder(run.path, wanted)  # stores a configuration that differs in its detector only
        changed.append((run.path / "config.json").resolve())
    return changed


def _with_detector(path: Path, detector: DetectorConfig, config: Config | None) -> bytes | None:
    """The model's new content; None when it has these settings already."""
    try:
        before = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({(error.strerror or 'unreadable').lower()})") from None
    inside = read_metadata(before, str(path))
    if inside is not None and config is not None:
        require_same(config.hash, inside.hash, "the model", path)
    base = inside.config if inside is not None else config
    if base is None:
        raise ModelError(f"{path}: carries no configuration to write into; name its experiment file with --config")
    wanted = replace(base, detector=detector)
    if inside is not None and inside.config == wanted:
        return None
    after = embed_metadata(before, wanted)
    stored = read_metadata(after, str(path))
    if stored is None or stored.config != wanted or not _same_outputs(before, after, str(path)):
        raise ModelError(f"{path}: its metadata cannot be replaced without harm; convert the model again")
    return after


def _digests(report: Path, changed: dict[str, bytes]) -> list[tuple[Path, bytes]]:
    """The conversion's report with the digests of the changed models, without which it would convert again."""
    try:
        content = json.loads(report.read_text(encoding="utf-8"))
        for name, model in changed.items():
            content[name] |= {"bytes": len(model), "sha256": hashlib.sha256(model).hexdigest()}
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [(report.resolve(), (json.dumps(content, indent=2) + "\n").encode())] if changed else []


def _same_outputs(before: bytes, after: bytes, where: str) -> bool:
    """Both give the same bytes for a few inputs."""
    old, new = (Interpreter(content, where=where) for content in (before, after))
    inputs = np.random.default_rng(0).integers(-128, 128, (4, int(np.prod(old.input_shape)))).astype(np.int8)
    return all(np.array_equal(old.invoke(values), new.invoke(values)) for values in inputs)


def _write(files: list[tuple[Path, bytes]]) -> list[Path]:
    for path, content in files:
        mode = path.stat().st_mode & 0o777
        write_atomic(path, content)
        path.chmod(mode)
    return [path for path, _ in files]
