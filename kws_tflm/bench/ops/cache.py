"""What was measured before: a line a model, so that an interrupted run goes on where it was."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from functools import cache
from pathlib import Path

from kws_tflm.bench.image import BlobImage
from kws_tflm.bench.ops.measure import Measured
from kws_tflm.firmware.boards import project_root

_BOARD_FILES = ("*.py", "*.toml", "*.so")


class Cache:
    """Results by image, model and virtual board; a change of any of them makes others."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or project_root() / "build" / "bench_ops" / "measured.jsonl"
        self._known: dict[str, Measured] = {}
        self._torn = False
        if self._path.is_file():
            text = self._path.read_text(encoding="utf-8")
            self._torn = not text.endswith("\n")
            for line in text.splitlines():
                self._read(line)

    def key(self, image: BlobImage, model: bytes) -> str:
        """Identifies a measurement."""
        return hashlib.sha256(f"{board_digest()} {image_digest(image.path)} ".encode() + model).hexdigest()

    def get(self, key: str) -> Measured | None:
        """The result, or None."""
        return self._known.get(key)

    def put(self, key: str, result: Measured) -> None:
        """Keep a result, on disk at once."""
        self._known[key] = result
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write("\n" * self._torn + json.dumps({"key": key, **asdict(result)}) + "\n")
        self._torn = False

    def _read(self, line: str) -> None:
        """A line that an interrupted run left half written is forgotten."""
        try:
            values = json.loads(line)
            key = values.pop("key")
            self._known[key] = Measured(**values)
        except (ValueError, TypeError, KeyError, AttributeError):
            return


@cache
def image_digest(path: Path) -> str:
    """Of the image's file, once a process."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@cache
def board_digest() -> str:
    """Of the virtual board: its cycle model and everything else in its package."""
    folder = project_root() / "kws_tflm" / "virtual_board"
    digest = hashlib.sha256()
    for path in sorted(path for pattern in _BOARD_FILES for path in folder.rglob(pattern)):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()
