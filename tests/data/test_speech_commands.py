"""Folders of recordings: layouts, split lists and rule, classes, cache, errors."""

import numpy as np
import pytest

from kws_tflm.data import load_dataset
from kws_tflm.data.speech_commands import which_set
from kws_tflm.data.voices import other_words
from kws_tflm.data.wav import write_wav
from kws_tflm.errors import AudioError, DataError

from .fakes import config, official_test_set, official_tree, write_words

SPEECH = {"kind": "speech_commands", "silence_fraction": 0.5, "unknown_fraction": 0.25}


def speakers(split, word):
    return {name.split("/")[1].split("_")[0] for name in split.names if name.startswith(word + "/")}


@pytest.mark.parametrize("give_parent", [True, False])
def test_official_lists_and_test_set(tmp_path, give_parent):
    root = official_tree(tmp_path)
    official_test_set(tmp_path)
    dataset = load_dataset(config(**SPEECH), tmp_path if give_parent else root, tmp_path / "cache")
    train = dataset.split("train")
    assert train.clips.shape == (16 * 2 + 16 + 8, 16000)
    assert dataset.counts() == {
        "train": {"yes": 16, "no": 16, "_silence_": 16, "_unknown_": 8},
        "validation": {"yes": 2, "no": 2, "_silence_": 2, "_unknown_": 1},
        "test": {"yes": 3, "no": 3, "_silence_": 3, "_unknown_": 3},
    }
    assert speakers(dataset.split("validation"), "yes") == {"00000000", "00000001"}
    assert not speakers(train, "yes") & {f"{i:08x}" for i in range(4)}
    for clip, label, name in zip(train.clips[:32], train.labels, train.names, strict=False):
        word, file = name.split("/")
        assert label == ("yes", "no").index(word)
        assert clip[0] == 1 + 100 * label + int(file[:8], 16)


def test_unknown_is_balanced_over_the_other_words(tmp_path):
    official_tree(tmp_path, words=("yes", "no", "cat", "dog", "bird", "tree"))
    split = load_dataset(config(**SPEECH), tmp_path, tmp_path / "cache").split("train")
    words = [name.split("/")[0] for name in np.array(split.names)[split.labels == 3]]
    assert {word: words.count(word) for word in words} == {"cat": 2, "dog": 2, "bird": 2, "tree": 2}


def test_missing_lists_fall_back_to_the_official_rule(tmp_path):
    root = official_tree(tmp_path, speakers=range(200), words=("yes", "no", "cat"), lists=False)
    (root / "testing_list.txt").write_text("")
    dataset = load_dataset(config(**SPEECH), tmp_path, tmp_path / "cache")
    for name in ("train", "validation", "test"):
        found = speakers(dataset.split(name), "yes")
        assert found == {f"{i:08x}" for i in range(200) if which_set(f"{i:08x}_nohash_0.wav") == name}
        assert len(found) > 5


def test_empty_testing_list_beside_the_test_set_keeps_all_for_training(tmp_path):
    root = official_tree(tmp_path, speakers=range(100))
    (root / "testing_list.txt").write_text("")
    official_test_set(tmp_path)
    dataset = load_dataset(config(**SPEECH), tmp_path, tmp_path / "cache")
    assert dataset.counts()["train"]["yes"] == 98


def test_rule_is_by_speaker():
    assert which_set("0a7c2a8d_nohash_0.wav") == which_set("0a7c2a8d_nohash_7.wav")
    # Of the official data: speakers that are in the official lists.
    assert which_set("7a49163e_nohash_0.wav") == "validation"
    assert which_set("026290a7_nohash_0.wav") == "validation"


def test_short_recordings_are_padded_and_long_ones_cut(tmp_path):
    root = official_tree(tmp_path)
    write_wav(root / "yes" / "short_nohash_0.wav", np.full(5000, 77, np.int16))
    write_wav(root / "yes" / "long_nohash_0.wav", np.arange(20000, dtype=np.int16))
    split = load_dataset(config(**SPEECH), tmp_path, tmp_path / "cache").split("train")
    short = split.clips[split.names.index("yes/short_nohash_0.wav")]
    assert short[4999] == 77
    assert not short[5000:].any()
    np.testing.assert_array_equal(split.clips[split.names.index("yes/long_nohash_0.wav")], np.arange(16000))


def test_silence_is_at_all_volumes(tmp_path):
    official_tree(tmp_path, speakers=range(60))
    spec = config(kind="speech_commands", silence_fraction=1.0)
    split = load_dataset(spec, tmp_path, tmp_path / "cache").split("train")
    loudest = np.abs(split.clips[split.labels == 2].astype(int)).max(axis=1)
    assert (loudest == 0).any()
    assert ((loudest > 0) & (loudest < 10)).any()
    assert (loudest > 500).any()


def test_second_use_reads_the_cache_until_a_recording_changes(tmp_path):
    root = official_tree(tmp_path)
    cache = tmp_path / "cache"
    first = load_dataset(config(**SPEECH), tmp_path, cache)
    assert load_dataset(config(**SPEECH), tmp_path, cache).folder == first.folder
    write_wav(root / "yes" / "00000007_nohash_0.wav", np.full(9000, 5, np.int16))
    second = load_dataset(config(**SPEECH), tmp_path, cache)
    assert second.folder != first.folder
    assert len([p for p in cache.iterdir() if p.name.startswith(".")]) == 0


def test_own_words_without_lists_or_noise(tmp_path):
    write_words(tmp_path / "mine", ["yes", "no", "other"], [f"speaker{i}" for i in range(40)])
    dataset = load_dataset(config(**SPEECH), tmp_path / "mine", tmp_path / "cache")
    assert all(count > 0 for count in dataset.counts()["train"].values())
    assert "yes" in dataset.describe()
    assert len(dataset.noise) > 16000


def test_bad_recording_names_the_file_and_leaves_no_half_cache(tmp_path):
    root = official_tree(tmp_path)
    path = root / "no" / "00000009_nohash_0.wav"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(AudioError, match=r"00000009_nohash_0\.wav: truncated"):
        load_dataset(config(**SPEECH), tmp_path, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_errors_are_one_line_and_say_what_to_do(tmp_path):
    spec = config(**SPEECH)
    cache = tmp_path / "cache"
    cases = {}
    cases["no such folder"] = (spec, tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    cases["--download"] = (spec, tmp_path / "empty")
    official_tree(tmp_path / "a", words=("yes", "cat"))
    cases["no folder for the word 'no'"] = (spec, tmp_path / "a")
    root = official_tree(tmp_path / "b")
    for path in (root / "no").iterdir():
        path.unlink()
    cases["the class 'no' is empty"] = (spec, tmp_path / "b")
    official_tree(tmp_path / "c")
    test_set = official_test_set(tmp_path / "c")
    for path in (test_set / "_unknown_").iterdir():
        path.unlink()
    cases["the class '_unknown_' of the test set is empty"] = (spec, tmp_path / "c")
    cases["--data DIR"] = (spec, None)
    cases["leave out --data"] = (config(), tmp_path / "a")
    for expected, (case, folder) in cases.items():
        with pytest.raises(DataError) as error:
            load_dataset(case, folder, cache)
        assert expected in str(error.value)
        assert "\n" not in str(error.value)


def test_synthetic_voices_join_the_training_split_only(tmp_path):
    root = official_tree(tmp_path)
    plain = load_dataset(config(**SPEECH), root, tmp_path / "cache")
    more = load_dataset(config(**SPEECH, synthetic_voices=6), root, tmp_path / "cache")
    before, after = plain.counts(), more.counts()
    assert after["validation"] == before["validation"]
    assert after["test"] == before["test"]
    gained = {name: after["train"][name] - before["train"][name] for name in after["train"]}
    others = len(other_words(("yes", "no")))
    assert gained == {"yes": 6, "no": 6, "_silence_": 0, "_unknown_": others}
    train = more.split("train")
    np.testing.assert_array_equal(train.clips[: sum(before["train"].values())], plain.split("train").clips)
    spoken = train.clips[-3:].astype(float)
    assert (spoken.std(axis=1) > 50).all()
    words = [name.split("/")[0] for name in train.names[-12 - others :]]
    assert words[:12] == ["yes"] * 6 + ["no"] * 6
    assert sorted(words[12:]) == sorted(other_words(("yes", "no")))
