"""Own words: phrases and their names, near-sounding words, the files of `synth` and what the loader makes of them."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws_tflm import config as configuration
from kws_tflm.data import load_dataset, own_words, read_wav, voices
from kws_tflm.data.neighbours import near_words, other_phrases
from kws_tflm.data.own_words import Request
from kws_tflm.data.phonemes import distance, pronunciations
from kws_tflm.data.phrases import class_name, parse
from kws_tflm.data.speech_commands import which_set
from kws_tflm.data.words_config import write_config
from kws_tflm.errors import DataError
from kws_tflm.stream.speech import active_span

ACCENTS = ("en-us", "en-gb-x-rp")


@pytest.fixture(autouse=True)
def little_noise(monkeypatch):
    monkeypatch.setattr(own_words, "_NOISE_SECONDS", 10.0)


def request(*phrases, clips=10, **more):
    return Request(parse(phrases or ["hey board"]), clips, 12, accents=ACCENTS, **more)


def files(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("typed", "name", "text"),
    [
        ("hey board", "hey_board", "hey board"),
        ("  Hey,   Board! ", "hey_board", "Hey, Board!"),
        ("don't", "dont", "don't"),
        ("Grüß Gott", "gruss_gott", "Grüß Gott"),
        ("lamp=включи свет", "lamp", "включи свет"),
    ],
)
def test_a_phrase_has_a_name_that_files_and_console_carry(typed, name, text):
    (phrase,) = parse([typed])
    assert (phrase.name, phrase.text) == (name, text)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ([], "no words given"),
        (["..."], "nothing to say"),
        (["lamp="], "nothing to say"),
        (["включи свет"], 'name="включи свет"'),
        (["yes", "Yes!"], "comes twice"),
        (["one two three four five six"], "27 characters"),
    ],
)
def test_phrases_that_cannot_be(typed, words):
    with pytest.raises(DataError, match=words):
        parse(typed)


@given(st.text(max_size=30))
def test_names_are_made_of_what_every_tool_takes(text):
    name = class_name(text)
    assert name == "" or (name.replace("_", "").isalnum() and name.isascii() and name == name.lower().strip("_"))


def test_homophones_are_no_neighbours_and_one_sound_is_enough():
    board, bored, ford, water = pronunciations(["board", "bored", "ford", "water"], ACCENTS)
    assert distance(board, bored) == 0
    assert distance(board, ford) == 1
    assert distance(board, water) >= 3
    near = near_words("board", ACCENTS, 16)
    assert {"ford", "bird", "lord"} <= set(near)
    assert not {"board", "bored", "boards"} & set(near)


@pytest.mark.parametrize("phrases", [["hey board"], ["lights off", "off", "cat"], ["okay little lamp"], ["rhythm"]])
def test_other_words_are_no_phrases_and_sound_like_none(phrases):
    wanted = parse(phrases)
    others = other_phrases(wanted, ACCENTS, more=("kettle", "Hey bored"))
    names = [other.phrase.name for other in others]
    assert len(set(names)) == len(names)
    assert not set(names) & {phrase.name for phrase in wanted}
    assert "kettle" in names
    keywords = pronunciations([phrase.text for phrase in wanted], ACCENTS)
    for said in pronunciations([other.phrase.text for other in others], ACCENTS):
        assert min(distance(said, keyword) for keyword in keywords) > 0
    parts = {part for phrase in wanted if len(phrase.parts) > 1 for part in phrase.parts}
    assert parts - {phrase.text for phrase in wanted} <= {other.phrase.text for other in others if other.kind == "part"}


def test_voices_of_a_plan_belong_to_one_split_which_the_file_name_tells():
    spec = request("hey board", "lights off", clips=100)
    clips = own_words.plan(spec, other_phrases(spec.phrases, ACCENTS)[:5])
    heard = {split: set() for split in voices.SPEAKERS}
    for clip in clips:
        assert which_set(clip.path.name) == clip.split
        heard[clip.split].add(clip.utterance.voice.split("+")[1])
    assert not any(a & b for a, b in itertools.combinations(heard.values(), 2))
    assert len({clip.path for clip in clips}) == len(clips)
    sizes = [sum(c.path.parent.name == "hey_board" and c.split == split for c in clips) for split in heard]
    assert sizes == [70, 10, 20]


def test_a_phrase_is_said_the_same_whatever_else_is_said():
    alone = own_words.plan(request("hey board"), ())
    among = own_words.plan(request("lights off", "hey board"), ())
    assert [clip for clip in among if clip.path.parent.name == "hey_board"] == alone
    assert own_words.plan(request("hey board", seed=2), ()) != alone


def test_a_set_is_completed_and_loaded_with_its_experiment_file(tmp_path):
    spec, folder = request(clips=12), tmp_path / "mine"
    others = [other for other in own_words.others(spec) if other.phrase.name in ("hey", "ford")]
    made = own_words.make(spec, folder, others)
    before = files(folder)
    spoken = sorted(path for path in folder.glob("[!_]*/*.wav"))
    assert made == len(spoken)
    for path in (*spoken[3:9], folder / "_background_noise_" / "hum.wav"):
        path.unlink()
    assert own_words.make(spec, folder, others, processes=1) == 6
    assert files(folder) == before
    spoken[7].unlink()  # the noise is there now, and read
    assert own_words.make(spec, folder, others) == 1
    assert files(folder) == before

    for path in folder.glob("hey_board/*.wav"):
        clip = read_wav(path)
        start, end = active_span(clip)
        assert len(clip) == 16000
        assert 0.2 < (end - start) / 16000 <= 1.0

    counts = own_words.count_files(folder)
    assert counts["hey_board"] == {"train": 9, "validation": 1, "test": 2}
    path, fresh = write_config(folder, ["hey_board"], counts, "synth")
    assert fresh
    path.write_text(path.read_text().replace("epochs = 60", "epochs = 61"))
    assert write_config(folder, ["hey_board"], {}, "synth") == (path, False)
    config = configuration.load(path)
    assert config.train.epochs == 61
    loaded = load_dataset(config, folder, tmp_path / "cache")
    for split, found in loaded.counts().items():
        assert found["hey_board"] == counts["hey_board"][split]
        assert found["_unknown_"] == sum(n[split] for word, n in counts.items() if word != "hey_board")
    assert len(loaded.noise) == 0.8 * (7 * 10 + 3 * 5) * 16000

    with pytest.raises(DataError, match=r"another request \(differs in: seed\)"):
        own_words.make(request(clips=12, seed=2), folder, others)


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("chapter 1")
    with pytest.raises(DataError, match="is not empty and was not made by"):
        own_words.make(request(), tmp_path, ())
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    with pytest.raises(DataError, match="is a file"):
        own_words.make(request(), tmp_path / "thesis.txt", ())


def test_phrases_fit_the_second_or_are_refused():
    (pace,) = own_words.paces(request("hey board")).values()
    assert 0.3 < pace[0] < pace[1] < own_words.LONGEST_SECONDS
    with pytest.raises(DataError, match=r"takes 1.* even when said fast; .* choose a shorter phrase"):
        own_words.paces(request("talk=would you please switch the light on"))
    slow = [c for c in own_words.plan(request("hey little board", clips=40), ()) if c.utterance.rate < 110][:8]
    words = own_words._said(slow, 1)
    assert max(map(len, words)) <= 1.02 * own_words.LONGEST_SECONDS * 16000
    assert np.mean([len(word) for word in words]) > 0.6 * 16000
