"""Words that a model of one's own phrases has to tell from them: parts, near-sounding words, ordinary words.

A detector that has only heard "hey board" against "table" and "seven" fires at "hey", at "bored of it" and at
"say ford". So the phrases' parts, parts exchanged for near-sounding ones, and near-sounding words alone are other
words too. What sounds as a phrase does in any of the accents is left out: nobody could tell it apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kws_tflm.data.common_words import COMMON_WORDS
from kws_tflm.data.phonemes import Phonemes, distance, pronunciations
from kws_tflm.data.phrases import Phrase, class_name
from kws_tflm.data.voices import OTHER_WORDS

NEAR_EACH = 16
"""Near-sounding words of a phrase of one word; of each word of a longer one, half as many alone, half in the phrase."""
_WEIGHT = {"part": 4, "near": 2, "other": 1}
_ONSETS = (
    *("b", "bl", "br", "ch", "d", "dr", "f", "fl", "fr", "g", "gl", "gr", "h", "j", "k", "kl", "kr", "l", "m", "n"),
    *("p", "pl", "pr", "r", "s", "sh", "sk", "sl", "sn", "sp", "st", "t", "th", "tr", "v", "w", "y", "z"),
)
_VOWELS = ("a", "ee", "i", "o", "oo", "u", "ar", "er", "or", "ow", "ay", "oy")
_CODAS = ("b", "ck", "d", "ff", "g", "l", "m", "n", "nd", "p", "s", "st", "t", "v", "z")


@dataclass(frozen=True)
class Other:
    """A word or phrase of the class ``_unknown_``."""

    phrase: Phrase
    kind: str
    """``part`` of a phrase, ``near``-sounding, or ``other``."""

    @property
    def weight(self) -> int:
        """How often it is said, relative to an ordinary word."""
        return _WEIGHT[self.kind]


def other_phrases(phrases: Sequence[Phrase], voices: Sequence[str], more: Sequence[str] = ()) -> tuple[Other, ...]:
    """Other words for `phrases`, each name once, none of which sounds like a phrase.

    Args:
        phrases: what is to be recognised.
        voices: espeak-ng languages in which all is said.
        more: further ordinary words, which the caller chose.
    """
    taken = {phrase.name for phrase in phrases}
    sounds = pronunciations([phrase.text for phrase in phrases], voices)
    chosen: list[Other] = []
    candidates = [*_parts(phrases), *_near(phrases, voices), *(("other", word) for word in (*more, *OTHER_WORDS))]
    heard = pronunciations([text for _, text in candidates], voices)
    for (kind, text), said in zip(candidates, heard, strict=True):
        phrase = Phrase(class_name(text), text)
        if not phrase.name or phrase.name in taken or any(distance(said, keyword) == 0 for keyword in sounds):
            continue
        taken.add(phrase.name)
        chosen.append(Other(phrase, kind))
    return tuple(chosen)


def near_words(word: str, voices: Sequence[str], count: int) -> list[str]:
    """Up to `count` words that sound nearly as `word` does, the nearest first, real words before made-up ones.

    A word of up to three sounds has neighbours at one sound's distance, a longer one at up to two. Its plural or
    singular is none: who says "light off" wants the lights off.
    """
    candidates = [c for c in (*COMMON_WORDS, *_respelled(word)) if f"{c}s" != word.lower() != c.removesuffix("s")]
    goal, *heard = pronunciations([word, *candidates], voices)
    limit = 1 if max(map(len, goal)) <= 3 else 2
    real = set(COMMON_WORDS)
    found: dict[frozenset[Phonemes], tuple[tuple[int, bool, int], str]] = {}
    for order, (candidate, said) in enumerate(zip(candidates, heard, strict=True)):
        apart = distance(said, goal)
        if 0 < apart <= limit:
            found.setdefault(said, ((apart, candidate not in real, order), candidate))
    return [candidate for _, candidate in sorted(found.values())[:count]]


def _parts(phrases: Sequence[Phrase]) -> Iterator[tuple[str, str]]:
    for phrase in phrases:
        if len(phrase.parts) > 1:
            yield from (("part", part) for part in phrase.parts)
            yield "part", " ".join(reversed(phrase.parts))
            yield from (("part", " ".join(phrase.parts[:i])) for i in range(2, len(phrase.parts)))
            yield from (("part", " ".join(phrase.parts[i:])) for i in range(1, len(phrase.parts) - 1))


def _near(phrases: Sequence[Phrase], voices: Sequence[str]) -> Iterator[tuple[str, str]]:
    for number, phrase in enumerate(phrases):
        if len(phrase.parts) == 1:
            yield from (("near", word) for word in near_words(phrase.text, voices, NEAR_EACH))
            continue
        for place, part in enumerate(phrase.parts):
            before, after = phrase.parts[:place], phrase.parts[place + 1 :]
            near = near_words(part, voices, NEAR_EACH)
            ordinary = [
                OTHER_WORDS[(7 * number + 11 * place + 13 * i) % len(OTHER_WORDS)] for i in range(NEAR_EACH // 4)
            ]
            yield from (("near", " ".join((*before, word, *after))) for word in (*near[: NEAR_EACH // 2], *ordinary))
            yield from (("near", word) for word in near[NEAR_EACH // 2 :])


def _respelled(word: str) -> Iterator[str]:
    """The word with another beginning, middle or end: mostly no words, but pronounceable."""
    found = re.fullmatch(r"([^aeiouy]*|y)([aeiouyw]+)(.*)", word.lower())
    if not found:
        return
    onset, vowel, coda = found.groups()
    yield from (other + vowel + coda for other in _ONSETS if other != onset)
    if len(coda) <= 3:  # in a longer word another vowel is only another accent
        yield from (onset + other + coda for other in _VOWELS if other != vowel)
    # "board" has its r with the vowel: only the last consonants are exchanged.
    stem = re.sub(r"[^aeiouyr]+$", "", coda) if coda.startswith("r") else ""
    if re.fullmatch(r"[^aeiouy]*e?", coda):
        yield from (onset + vowel + stem + other for other in _CODAS)
