"""Recordings of people: any rate and kind in, centred seconds by speaker out, nothing replaced."""

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from kws_tflm.data import read_wav
from kws_tflm.data.importing import centred, find_sources, import_recordings, into_classes
from kws_tflm.data.speech_commands import which_set
from kws_tflm.errors import DataError


def speech(rate, seconds, at, length, channels=1, seed=1):
    """A burst of noise from `at` for `length` seconds, in a quiet recording."""
    rng = np.random.default_rng(seed)
    signal = rng.normal(0, 1e-4, (int(rate * seconds), channels))
    burst = slice(int(at * rate), int((at + length) * rate))
    signal[burst] += rng.normal(0, 0.2, (len(signal[burst]), 1))
    return signal


def record(path, rate=16000, seconds=2.0, at=1.0, length=0.4, subtype="PCM_16", **more):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, speech(rate, seconds, at, length, **more), rate, subtype=subtype)
    return path


def found(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.wav"))


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("cd.wav", {"rate": 44100, "channels": 2}),
        ("studio.wav", {"rate": 96000, "subtype": "FLOAT"}),
        ("phone.wav", {"rate": 8000, "subtype": "ULAW"}),
        ("deep.flac", {"rate": 48000, "subtype": "PCM_24"}),
        ("lossy.ogg", {"rate": 44100, "subtype": "VORBIS"}),
    ],
)
def test_any_rate_width_and_kind(name, made, tmp_path):
    record(tmp_path / "src" / "lumos" / name, **made)
    state = import_recordings(find_sources(tmp_path / "src"), tmp_path / "dst")
    assert (state.written, state.refused, state.long) == (1, [], [])
    (clip,) = (tmp_path / "dst").rglob("*.wav")
    samples = read_wav(clip).astype(float)
    assert len(samples) == 16000
    assert np.std(samples[5200:10800]) > 1500  # 0.4 s of 0.2, in the middle
    assert np.std(samples[:4000]) < 300
    assert np.std(samples[12000:]) < 300


@settings(max_examples=50, deadline=None)
@given(st.floats(0.3, 4.0), st.floats(0, 1), st.floats(0.1, 0.9))
def test_the_word_is_in_the_clip_and_in_the_middle_where_it_can_be(seconds, place, share):
    length = min(0.8, share * seconds)
    at = place * (seconds - length)
    samples = np.rint(speech(16000, seconds, at, length)[:, 0] * 32768).clip(-32768, 32767).astype(np.int16)
    clip, long = centred(samples)
    assert len(clip) == 16000
    assert not long
    loud = np.flatnonzero(np.abs(clip) > 2000)
    assert (np.abs(clip) > 2000).sum() >= 0.97 * (np.abs(samples) > 2000).sum()
    if 0.55 < at + length / 2 < seconds - 0.55:
        assert abs((loud[0] + loud[-1]) / 2 - 8000) < 800


def test_long_speech_keeps_its_loudest_second_and_is_told(tmp_path):
    path = record(tmp_path / "src" / "lumos" / "a.wav", seconds=4, at=0.5, length=2.5)
    state = import_recordings(find_sources(tmp_path / "src"), tmp_path / "dst")
    assert state.long == [str(path)]
    (clip,) = (tmp_path / "dst").rglob("*.wav")
    assert np.std(read_wav(clip).astype(float)) > 5000


def test_who_speaks(tmp_path):
    src = tmp_path / "mine"
    record(src / "Lumos!" / "anna" / "1.wav", seed=1)
    record(src / "Lumos!" / "ben_nohash_7.wav", seed=2)
    record(src / "Lumos!" / "take 3.wav", seed=3)
    record(src / "nox" / "anna" / "1.wav", seed=4)
    record(src / "_background_noise_" / "kitchen.wav", rate=44100, seconds=5, at=0, length=5)
    speakers = {(source.word, source.speaker) for source in find_sources(src)}
    assert speakers >= {("lumos", "anna"), ("lumos", "ben"), ("lumos", "mine"), ("nox", "anna")}
    assert {word for word, _ in speakers} == {"lumos", "nox", "_background_noise_"}
    state = import_recordings(find_sources(src), tmp_path / "dst")
    assert set(state.speakers) == {"anna", "ben", "mine"}
    assert all(which_set(f"{name}_nohash_0.wav") == split for name, split in state.speakers.items())
    for path in (tmp_path / "dst").glob("[!_]*/*.wav"):
        assert which_set(path.name) == state.speakers[path.name.partition("_nohash_")[0]]
    (noise,) = (tmp_path / "dst" / "_background_noise_").iterdir()
    assert len(read_wav(noise)) == 5 * 16000


@pytest.mark.parametrize("name", ["anna", "ben", "c", "d", "e", "f"])
def test_a_single_speaker_is_for_training_and_a_split_can_be_asked_for(name, tmp_path):
    record(tmp_path / "src" / "lumos" / "1.wav")
    sources = find_sources(tmp_path / "src", name)
    assert set(import_recordings(sources, tmp_path / "a").speakers.values()) == {"train"}
    assert set(import_recordings(sources, tmp_path / "b", "test").speakers.values()) == {"test"}


def test_again_adds_only_what_is_new_and_replaces_nothing(tmp_path):
    src, dst = tmp_path / "src", tmp_path / "dst"
    record(src / "lumos" / "1.wav", seed=1)
    assert import_recordings(find_sources(src), dst).written == 1
    (first,) = (dst / "lumos").iterdir()
    first.write_bytes(b"edited by hand")
    record(src / "lumos" / "1.wav", seed=2)  # recorded anew under the same name
    state = import_recordings(find_sources(src), dst)
    assert (state.written, state.there) == (1, 0)
    assert import_recordings(find_sources(src), dst).there == 1
    assert first.read_bytes() == b"edited by hand"
    assert len(found(dst)) == 2


def test_unusable_files_are_named_and_the_others_imported(tmp_path):
    src = tmp_path / "src"
    record(src / "lumos" / "good.wav")
    (src / "lumos" / "notes.wav").write_text("not sound")
    (src / "lumos" / "cut.flac").write_bytes(b"fLaC")
    soundfile.write(src / "lumos" / "silent.wav", np.zeros(9000), 16000)
    soundfile.write(src / "lumos" / "nothing.wav", np.zeros(0), 16000)
    (src / "lumos" / "read me.txt").write_text("is no recording")
    state = import_recordings(find_sources(src), tmp_path / "dst")
    assert state.written == 1
    assert [line.split("/")[-1].split(":")[0] for line in sorted(state.refused)] == [
        "cut.flac",
        "notes.wav",
        "nothing.wav",
        "silent.wav",
    ]
    assert all(line.count("\n") == 0 and ";" in line for line in state.refused)


def test_test_sets_have_class_folders(tmp_path):
    for word in ("lumos", "nox", "hello"):
        record(tmp_path / "src" / word / "1.wav")
    record(tmp_path / "src" / "_background_noise_" / "hum.wav")
    sources = into_classes(find_sources(tmp_path / "src"), ["lumos"])
    import_recordings(sources, tmp_path / "dst", "test", lists=False)
    assert sorted(path.name for path in (tmp_path / "dst").iterdir()) == ["_unknown_", "lumos"]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda src: None, "no such folder"),
        (lambda src: src.mkdir(), "no recording in a sub-folder"),
        (lambda src: record(src / "1.wav"), "no recording in a sub-folder"),
        (lambda src: record(src / "свет" / "1.wav"), "rename the folder"),
        (lambda src: record(src / "_silence_" / "1.wav"), "rename the folder"),
    ],
)
def test_folders_that_cannot_be(make, words, tmp_path):
    make(tmp_path / "src")
    with pytest.raises(DataError, match=words):
        find_sources(tmp_path / "src")
