"""Files that are made once: whole folders that appear atomically, named by a hash of what made them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Append = Callable[[npt.NDArray[Any]], None]
"""Takes the next rows of an array that is being written."""


def digest(value: Any) -> str:
    """First 16 hex digits of the SHA-256 of the canonical JSON of `value`."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


@contextmanager
def new_folder(final: Path) -> Iterator[Path]:
    """Yield an empty folder that becomes `final` when the block ends well and vanishes when it does not."""
    final.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(dir=final.parent, prefix=f".{final.name}."))
    try:
        yield building
        building.chmod(0o755)
        try:
            building.rename(final)
        except OSError:
            if not final.is_dir():  # otherwise another process was first, with the same content
                raise
    finally:
        shutil.rmtree(building, ignore_errors=True)


@contextmanager
def new_array(final: Path, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Iterator[Append]:
    """Yield a function that appends rows to an array file (.npy), which becomes `final` when the block ends well.

    Rows are written, not memory-mapped, so that a full disk is an `OSError` and not a bus error.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=final.parent, prefix=f".{final.name}.")
    building = Path(name)
    rows = 0

    def append(block: npt.NDArray[Any]) -> None:
        nonlocal rows
        if block.shape[1:] != shape[1:]:
            raise ValueError(f"rows of shape {block.shape[1:]} do not fit {shape}")
        stream.write(np.ascontiguousarray(block, dtype=dtype).tobytes())
        rows += len(block)

    try:
        with os.fdopen(handle, "wb") as stream:
            header = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(stream, header)
            yield append
        if rows != shape[0]:
            raise ValueError(f"{final.name}: {rows} rows came where {shape[0]} were announced")
        building.chmod(0o644)
        building.replace(final)
    finally:
        building.unlink(missing_ok=True)
