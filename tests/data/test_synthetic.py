"""The built-in spoken set and the demo stream: plans, determinism, levels, labels."""

import itertools

import numpy as np
import pytest

from kws_tflm.data import load_dataset, make_demo_stream, neural, read_wav, synthetic
from kws_tflm.data.espeak import Utterance
from kws_tflm.data.speak import speak_all
from kws_tflm.data.voices import OTHER_WORDS, SPEAKERS, other_words
from kws_tflm.errors import DataError

from .fakes import config


def speakers_of(clips):
    return {clip.utterance.voice.split("+")[1] for clip in clips if clip.utterance}


def test_no_speaker_is_in_two_splits():
    plans = {split: synthetic.plan(config(clips_per_word=200), split) for split in synthetic.SPLITS}
    found = [speakers_of(clips) for clips in plans.values()]
    assert len(set.union(*found)) == sum(map(len, found))
    for split, heard in zip(plans, found, strict=True):
        assert heard <= set(SPEAKERS[split])
        assert len(heard) >= 0.9 * len(SPEAKERS[split])


def test_counts_of_a_plan():
    spec = config(clips_per_word=50, silence_fraction=0.2, unknown_fraction=0.3)
    for split, each in (("train", 35), ("validation", 5), ("test", 10)):
        labels = [clip.label for clip in synthetic.plan(spec, split)]
        counts = np.bincount(labels).tolist()
        assert counts == [each, each, round(0.2 * 2 * each), round(0.3 * 2 * each)]


def test_plan_depends_on_the_seed_only():
    assert synthetic.plan(config(), "train") == synthetic.plan(config(), "train")
    assert synthetic.plan(config(), "train") != synthetic.plan(config(clips_per_word=11), "train")


def test_keywords_are_not_among_the_other_words():
    assert not set(other_words(("seven", "cat"))) & {"seven", "cat"}
    assert len(other_words(())) == len(set(OTHER_WORDS))


def test_utterances_do_not_depend_on_what_was_said_before_or_on_processes():
    requests = [
        Utterance("stop", "en-us+m3", seed=5),
        Utterance("yes", "en+klatt", rate=120, seed=6),
        Utterance("go", "en-gb-scotland+f2", pitch=80, seed=7),
        Utterance("stop", "en-us+m3", seed=5),
    ]
    two, one = list(speak_all(requests, 2)), list(speak_all(requests[::-1], 1))[::-1]
    for a, b in zip(two, one, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(two[0], two[3])
    assert all(2000 < len(samples) < 40000 for samples in two)


def test_unknown_voice_is_a_data_error():
    with pytest.raises(DataError, match="cannot say 'yes' with voice 'xx-nobody'"):
        list(speak_all([Utterance("yes", "xx-nobody")]))


@pytest.mark.parametrize("split", synthetic.SPLITS)
def test_every_speaker_and_accent_exists(split):
    requests = [Utterance("yes", f"en-us+{speaker}") for speaker in SPEAKERS[split]]
    requests += [Utterance("yes", accent) for accent in synthetic.ACCENTS]
    heard = list(speak_all(requests))
    assert min(np.abs(samples.astype(int)).max() for samples in heard) > 500


def test_set_is_made_once_and_the_same_with_one_process(tmp_path, monkeypatch):
    spec = config(clips_per_word=12, silence_fraction=0.5, unknown_fraction=0.5)
    dataset = load_dataset(spec, None, tmp_path / "a")
    train = dataset.split("train")
    assert train.clips.dtype == np.int16
    assert dataset.counts()["train"] == {"yes": 9, "no": 9, "_silence_": 9, "_unknown_": 9}
    spoken = train.clips[train.labels != 2].astype(float)
    rms = spoken.std(axis=1)
    assert rms.min() > 50
    assert not (np.abs(spoken) >= 32767).mean() > 0.01

    bank = synthetic.noise_bank(spec, "test")
    one_process = list(synthetic.render(spec, "test", synthetic.plan(spec, "test"), bank, processes=1))
    np.testing.assert_array_equal(one_process, dataset.split("test").clips)

    monkeypatch.setattr(synthetic, "plan", None)  # would fail if it were made again
    assert load_dataset(spec, None, tmp_path / "a").folder == dataset.folder


def test_neural_voice_says_words_alone():
    first, again = neural.say_words(["yes", "stop"], seed=3), neural.say_words(["yes", "stop"], seed=3)
    for word, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(word, same)
        assert 0.25 < len(word) / 16000 < 0.9
        assert np.abs(word).max() < 1.0


def test_demo_stream_has_every_keyword_and_gaps(tmp_path):
    spec = config(words=["yes", "no", "stop", "go"])
    path, labels = make_demo_stream(spec, tmp_path, seed=3)
    pcm = read_wav(path)
    assert {label.word for label in labels} >= set(spec.data.words)
    assert {label.word for label in labels} - set(spec.data.words) <= set(OTHER_WORDS)
    for before, after in itertools.pairwise(labels):
        assert after.start - before.end >= 1.2 * 16000 - 1
    for label in labels:
        word = pcm[label.start : label.end].astype(float).std()
        pause = pcm[label.start - 8000 : label.start - 1600].astype(float).std()
        assert word > 2 * pause
    assert labels[-1].end < len(pcm)
    assert make_demo_stream(spec, tmp_path, seed=3) == (path, labels)
    from kws_tflm.console.score import load_labels

    assert [(label.word, label.start, label.end) for label in load_labels(path.with_suffix(".json"))] == labels
