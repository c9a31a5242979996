"""Who says what in the synthetic set: accents, speakers of each split, and the other words.

A *speaker* is an espeak-ng voice variant (its formants, pitch and timbre). Every speaker belongs to one
split only; relatives (`steph`, `steph2`) stay together. Accents are shared by all splits.
"""

from __future__ import annotations

ACCENTS = ("en-us", "en-us", "en-us", "en", "en-gb-x-rp", "en-gb-scotland", "en-us-nyc", "en-029", "en-gb-x-gbclan")
"""espeak-ng languages; American English thrice, as most recordings have it."""

SPEAKERS: dict[str, tuple[str, ...]] = {
    "train": (
        *("m1", "m2", "m4", "m5", "m7", "m8", "f1", "f2", "f5", "klatt", "klatt2", "klatt3", "Alex", "adam"),
        *("Andrea", "Andy", "Annie", "antonio", "aunty", "belinda", "benjamin", "boris", "caleb", "ed", "edward"),
        *("edward2", "Gene", "Gene2", "grandma", "gustave", "Henrique", "Hugo", "ian", "iven3", "iven4", "Jacky"),
        *("john", "Lee", "linda", "marcelo", "Mario", "max", "michel", "miguel", "Mike", "mike2", "norbert", "pablo"),
        *("paul", "pedro", "rob", "robert", "sandro", "shelby", "travis", "victor", "zac"),
    ),
    "validation": ("m6", "f3", "Denis", "anika", "Michael", "kaukovalta", "Diogo"),
    "test": ("m3", "f4", "david", "quincy", "Marco", "steph", "steph2", "steph3", "Reed", "grandpa"),
}

OTHER_WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "bed", "bird", "cat", "dog"),
    *("happy", "house", "marvin", "sheila", "tree", "wow", "backward", "forward", "follow", "learn", "visual"),
    *("water", "music", "garden", "window", "morning", "doctor", "table", "people", "seven", "hello", "thanks"),
    *("blue", "yellow", "chair", "paper", "river", "summer", "number", "school", "again", "maybe", "open", "light"),
)
"""Words of the class ``_unknown_``, as far as they are not keywords."""

BABBLE = (
    "the ship was torn apart on the sharp reef and nobody knew the way home",
    "a large size in stockings is hard to sell in the early summer months",
    "four hours of steady work faced us when the sun came over the hills",
    "the boy was there when the sun rose and the fish jumped in the lake",
)
"""Sentences that are mixed into background chatter."""


def other_words(keywords: tuple[str, ...]) -> tuple[str, ...]:
    """`OTHER_WORDS` without the keywords, each once."""
    return tuple(dict.fromkeys(word for word in OTHER_WORDS if word not in keywords))
