"""Small folders of recordings: each word is a tone of its own in the middle of a second, backgrounds are noise."""

import numpy as np

from kws_tflm.data.wav import write_wav

WORDS = ("yes", "no")
OTHERS = ("cat", "dog")


def tone(frequency, start=5600, length=5600, amplitude=6000.0, hiss=4.0, seed=0):
    samples = np.random.default_rng(seed).normal(0, hiss, 16000)
    samples[start : start + length] += amplitude * np.sin(2 * np.pi * frequency / 16000 * np.arange(length))
    return np.rint(samples).astype(np.int16)


def noise(seconds=6.0, seed=0, amplitude=800.0):
    return np.random.default_rng(seed).normal(0, amplitude, int(16000 * seconds)).astype(np.int16)


def backgrounds(folder, count=2, seconds=12.0):
    for number in range(count):
        write_wav(folder / f"hum{number}.wav", noise(seconds, number))
    return folder


def class_folder(root, words=WORDS, each=4, unknown=3):
    """As the official test set: a folder a class, `_unknown_` and `_silence_` among them."""
    for number, word in enumerate((*words, "_unknown_")):
        for index in range(unknown if word == "_unknown_" else each):
            name = f"{number}{index:07x}_nohash_{index}.wav"
            write_wav(root / word / name, tone(300 + 400 * number, seed=index))
    write_wav(root / "_silence_" / "quiet.wav", noise(1.0, amplitude=10.0))
    return root


def official(root, speakers=12, lists=True):
    """The official layout without a test set: speakers 0 and 1 validate, 2 and 3 test, by the lists."""
    words = root / "speech_commands_v0.02"
    for number, word in enumerate((*WORDS, *OTHERS)):
        for speaker in range(speakers):
            write_wav(words / word / f"{speaker:08x}_nohash_0.wav", tone(300 + 400 * number, seed=speaker))
    backgrounds(words / "_background_noise_")
    if lists:
        for file, chosen in (("validation_list.txt", (0, 1)), ("testing_list.txt", (2, 3))):
            lines = [f"{word}/{speaker:08x}_nohash_0.wav" for word in (*WORDS, *OTHERS) for speaker in chosen]
            (words / file).write_text("\n".join(lines) + "\n")
    return root
