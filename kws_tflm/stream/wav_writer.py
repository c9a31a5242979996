"""A wav of known length and the labels beside it, written piece by piece; both appear whole or not at all."""

from __future__ import annotations

import hashlib
import os
import struct
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kws_tflm.data.wav import SAMPLE_RATE


def write_stream(
    audio: Path,
    labels: Path,
    samples: int,
    chunks: Iterable[npt.NDArray[np.int16]],
    text: Callable[[str], str],
) -> str:
    """Write `samples` int16 samples that come in `chunks` to `audio`, and `text`(digest of the sound) to `labels`.

    Until both are complete, what stood at these paths is untouched; on an error (a full disk, an interruption)
    nothing of the new files is left.

    Returns:
        the SHA-256 of the samples, as `labels.sound_digest` computes it.
    """
    for path in (audio, labels):
        path.parent.mkdir(parents=True, exist_ok=True)
    building: list[Path] = []
    digest = hashlib.sha256()
    written = 0
    try:
        with os.fdopen(_temporary(audio, building), "wb") as file:
            file.write(_header(2 * samples))
            for chunk in chunks:
                body = chunk.astype("<i2", copy=False).tobytes()
                digest.update(body)
                file.write(body)
                written += len(chunk)
            _settle(file.fileno(), file.flush)
        if written != samples:
            raise ValueError(f"{written} samples came where {samples} were announced")
        with os.fdopen(_temporary(labels, building), "w", encoding="utf-8") as file_text:
            file_text.write(text(digest.hexdigest()))
            _settle(file_text.fileno(), file_text.flush)
        for temporary, final in zip(building, (audio, labels), strict=True):
            temporary.chmod(0o644)
            temporary.replace(final)
    finally:
        for temporary in building:
            temporary.unlink(missing_ok=True)
    return digest.hexdigest()


def _temporary(final: Path, building: list[Path]) -> int:
    handle, name = tempfile.mkstemp(dir=final.parent, prefix=f".{final.name}.")
    building.append(Path(name))
    return handle


def _settle(handle: int, flush: Callable[[], object]) -> None:
    """On the disk before it gets its name: a full disk must show now."""
    flush()
    os.fsync(handle)


def _header(body_bytes: int) -> bytes:
    header = struct.pack("<4sI4s", b"RIFF", 36 + body_bytes, b"WAVE")
    header += struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, SAMPLE_RATE, SAMPLE_RATE * 2, 2, 16)
    return header + struct.pack("<4sI", b"data", body_bytes)
