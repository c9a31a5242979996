"""The models that come with the package: NAME.tflite, its card NAME.json, and the card for people, NAME.md.

`kws-tflm models --make RUN --name NAME` writes all three; nothing in them is typed by hand.
"""

from __future__ import annotations

from pathlib import Path

LARGEST = 150_000
"""Bytes that a shipped model may have."""


def folder() -> Path:
    """Where the shipped models are."""
    return Path(__file__).resolve().parent


def names() -> tuple[str, ...]:
    """Names of the shipped models, sorted."""
    return tuple(sorted(path.stem for path in folder().glob("*.tflite")))


def find(name: str) -> Path | None:
    """The file of the shipped model `name`, or None if there is none."""
    return folder() / f"{name}.tflite" if name in names() else None


def card_path(name: str) -> Path:
    """The card of the shipped model `name`."""
    return folder() / f"{name}.json"
