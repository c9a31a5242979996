"""Small stand-ins: a Speech Commands tree, an extractor of trivial features."""

import numpy as np

from kws_tflm.config import from_dict
from kws_tflm.data.wav import write_wav


def config(**data):
    return from_dict({"data": {"words": ["yes", "no"], "clips_per_word": 10} | data})


def write_words(root, words, speakers, length=16000):
    """`root`/<word>/<speaker>_nohash_0.wav, each with samples that tell it from the others."""
    for number, word in enumerate(words):
        for index, speaker in enumerate(speakers):
            samples = np.full(length, 1 + 100 * number + index, np.int16)
            write_wav(root / word / f"{speaker}_nohash_0.wav", samples)


def official_tree(parent, speakers=range(20), words=("yes", "no", "cat", "dog"), lists=True):
    """The two official folders with a few recordings: speakers 0 and 1 validate, 2 and 3 test, by the lists."""
    root = parent / "speech_commands_v0.02"
    names = [f"{speaker:08x}" for speaker in speakers]
    write_words(root, words, names)
    rng = np.random.default_rng(1)
    write_wav(root / "_background_noise_" / "hum.wav", rng.integers(-3000, 3000, 160000).astype(np.int16))
    if lists:
        for file, chosen in (("validation_list.txt", names[:2]), ("testing_list.txt", names[2:4])):
            lines = [f"{word}/{name}_nohash_0.wav" for word in words for name in chosen]
            (root / file).write_text("\n".join(lines) + "\n")
    return root


def official_test_set(parent, words=("yes", "no"), each=3):
    root = parent / "speech_commands_test_set_v0.02"
    write_words(root, (*words, "_silence_", "_unknown_"), [f"t{i}" for i in range(each)])
    return root


class FakeExtractor:
    """Every feature of a frame is its first sample; counts how many clips it was given."""

    def __init__(self, features):
        self.features = features
        self.clips = 0

    def batch(self, pcm, threads=2):
        self.clips += len(pcm)
        starts = np.arange(self.features.n_frames) * self.features.hop_length
        return np.repeat(pcm[:, starts, None], self.features.n_features, axis=2).astype(np.int16)
