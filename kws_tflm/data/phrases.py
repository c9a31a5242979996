"""Phrases to be trained: what is said, and the name of the class, which is also that of its folder."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from kws_tflm.errors import DataError

_LONGEST_NAME = 24


@dataclass(frozen=True)
class Phrase:
    """Something to say."""

    name: str
    """Folder and class: lower-case ASCII, ``_`` for spaces."""
    text: str
    """What the synthesiser is given."""

    @property
    def parts(self) -> tuple[str, ...]:
        """Its words."""
        return tuple(self.text.split())


def class_name(text: str) -> str:
    """``Hey board!`` -> ``hey_board``; empty if nothing is left that file names and the console can carry."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss").lower())
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    if not plain.isascii():
        return ""
    return re.sub(r"[^a-z0-9]+", "_", plain.replace("'", "")).strip("_")


def parse(arguments: Sequence[str]) -> tuple[Phrase, ...]:
    """Phrases as typed: ``hey board``, or ``NAME=TEXT`` where the class is not to be named as it is spoken.

    Raises:
        DataError: nothing to say, no usable name, a name that is too long or comes twice.
    """
    phrases: list[Phrase] = []
    for argument in arguments:
        name, equals, text = argument.rpartition("=")
        text = " ".join(text.split())
        phrase = Phrase(class_name(name if equals else text), text)
        if not re.search(r"\w", text):
            raise DataError(f"'{argument}': nothing to say; give words, for example \"hey board\"")
        if not phrase.name:
            raise DataError(f"'{argument}': no name of a-z and 0-9 can be made of it; give one: name=\"{text}\"")
        if len(phrase.name) > _LONGEST_NAME:
            raise DataError(
                f"'{argument}': its name has {len(phrase.name)} characters, at most {_LONGEST_NAME} are good on a "
                f'console; give a shorter one: name="{text}"'
            )
        if any(phrase.name == other.name for other in phrases):
            raise DataError(f"'{argument}': the name {phrase.name} comes twice; leave one out or write name=\"{text}\"")
        phrases.append(phrase)
    if not phrases:
        raise DataError('no words given; name at least one, for example: kws-tflm synth "hey board" --out build/mine')
    return tuple(phrases)
