"""How espeak-ng pronounces a text, and how near two pronunciations are."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence

from kws_tflm.data.espeak import shared_library
from kws_tflm.errors import DataError

Phonemes = tuple[str, ...]

_IPA_SEPARATED = (ord("_") << 8) | 2
_UTF8 = 1
_MARKS = re.compile(r"\([a-z-]+\)|[ˈˌː\u0361\u200d]")
"""Stress, length, ties and changes of language: they tell no two words apart well enough."""


def pronunciations(texts: Sequence[str], voices: Sequence[str]) -> list[frozenset[Phonemes]]:
    """The different ways in which the voices (espeak-ng languages) say each text.

    A way is a row of IPA symbols without stress and length. Call it from the process that plans, never from one
    that speaks: it changes the library's voice.

    Raises:
        ToolMissingError: the espeak-ng library is not installed.
        DataError: the library does not know a voice.
    """
    library = shared_library()
    ways: list[set[Phonemes]] = [set() for _ in texts]
    for voice in dict.fromkeys(voices):  # changing the voice takes longer than a hundred words
        if library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise DataError(f"espeak-ng has no language '{voice}'; it has en-us, de, es, fr-fr, it, nl, pl, pt-br, ...")
        for found, text in zip(ways, texts, strict=True):
            found.add(_phonemes(library, text))
    return [frozenset(found) for found in ways]


def _phonemes(library: ctypes.CDLL, text: str) -> Phonemes:
    translate = library.espeak_TextToPhonemes
    translate.restype = ctypes.c_char_p
    translate.argtypes = [ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int]
    rest = ctypes.c_char_p(text.encode())
    clauses = []
    while rest.value:
        clauses.append(translate(ctypes.byref(rest), _UTF8, _IPA_SEPARATED).decode("utf-8", "replace"))
    return tuple(symbol for symbol in re.split(r"[_\s]+", _MARKS.sub("", " ".join(clauses))) if symbol)


def distance(a: frozenset[Phonemes], b: frozenset[Phonemes]) -> int:
    """Fewest sounds to insert, drop or exchange between any way of saying one and any way of saying the other.

    0: somebody's `a` is somebody else's `b` (homophones, as "bored" is of "board").
    """
    return min(_edits(x, y) for x in a for y in b)


def _edits(a: Phonemes, b: Phonemes) -> int:
    """Levenshtein distance."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
    return row[-1]
