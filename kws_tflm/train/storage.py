"""Files that are whole or absent: written beside their place, then renamed over it.

An interruption or a full disk leaves the previous version untouched.
"""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_tflm.errors import TrainingError

Array = npt.NDArray[Any]

_META = "meta"


def write_atomic(path: Path, content: bytes) -> None:
    """Replace `path` by `content` in one step, on disk before it returns."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Any) -> None:
    """Atomic JSON with two-space indent and a final newline."""
    write_atomic(path, (json.dumps(value, indent=2) + "\n").encode())


def write_arrays(path: Path, groups: dict[str, list[Array] | dict[str, Array]], meta: dict[str, Any]) -> None:
    """Atomic `.npz` of named groups of arrays (lists or dictionaries) and a JSON-able `meta`."""
    arrays: dict[str, Any] = {_META: np.frombuffer(json.dumps(meta).encode(), np.uint8)}
    for group, members in groups.items():
        pairs = members.items() if isinstance(members, dict) else enumerate(members)
        arrays.update({f"{group}/{key}": value for key, value in pairs})
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    write_atomic(path, buffer.getvalue())


def read_arrays(path: Path) -> tuple[dict[str, dict[str, Array]], dict[str, Any]]:
    """What `write_arrays` stored: groups of arrays by key (list indices as text), and `meta`.

    Raises:
        TrainingError: the file cannot be read.
    """
    groups: dict[str, dict[str, Array]] = {}
    try:
        with np.load(path, allow_pickle=False) as stored:
            meta: dict[str, Any] = json.loads(stored[_META].tobytes())
            for name in stored.files:
                group, _, key = name.partition("/")
                if key:
                    groups.setdefault(group, {})[key] = stored[name]
    except (OSError, ValueError, KeyError, EOFError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TrainingError(f"{path}: cannot be read ({reason}); delete it and train again") from None
    return groups, meta


def as_list(group: dict[str, Array]) -> list[Array]:
    """A group that was stored as a list, in its order."""
    return [group[str(index)] for index in range(len(group))]
