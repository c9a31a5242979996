"""Folders of recordings: classes by name, every n-th clip, what is wrong in a line."""

import struct

import numpy as np
import pytest

from kws_tflm.config import from_dict
from kws_tflm.data import write_wav
from kws_tflm.errors import AudioError, DataError
from kws_tflm.evaluate.recordings import class_folders, evenly, firmware_clips, folder_features, mlperf_tiny_clips

CONFIG = from_dict({"data": {"words": ["yes", "no"]}})


def record(path, samples=16000, seed=1):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_wav(path, np.random.default_rng(seed).normal(0, 2000, samples).astype(np.int16))


def test_folders_are_classes_and_bare_names_stand_for_silence_and_unknown(tmp_path):
    for name in ("no/a.wav", "no/B.WAV", "silence/a.wav", "_unknown_/a.wav", "no/notes.txt", ".hidden/a.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "README.md").touch()

    found = class_folders(tmp_path, CONFIG.labels)

    assert {path.name for path in found.files} == {"a.wav", "B.WAV"}
    assert sorted(found.classes) == [1, 1, 2, 3]


def test_a_limit_keeps_every_class(tmp_path):
    for word in ("yes", "no"):
        for i in range(20):
            record(tmp_path / word / f"{i:02d}.wav", samples=1000)

    some = class_folders(tmp_path, CONFIG.labels).some(10)

    assert np.bincount(some.classes).tolist() == [5, 5]
    assert len(set(some.files)) == 10


@pytest.mark.parametrize("limit", [0, -3])
def test_a_limit_of_nothing_is_refused(limit):
    with pytest.raises(DataError, match="--limit"):
        evenly(10, limit)


def test_a_limit_above_the_number_takes_all():
    assert evenly(4, 9).tolist() == [0, 1, 2, 3]


def test_features_are_those_of_the_clip_alone(tmp_path):
    for i, length in enumerate((16000, 9000, 40000)):
        record(tmp_path / "yes" / f"{i}.wav", length, seed=i)

    many, classes = folder_features(tmp_path, CONFIG)
    alone = firmware_clips(class_folders(tmp_path, CONFIG.labels).some(1), CONFIG)

    assert many.shape == (3, CONFIG.features.n_frames, CONFIG.features.n_features)
    assert classes.tolist() == [0, 0, 0]
    assert np.array_equal(alone.features[0], many[0])
    assert alone.quantized(0.5, 10).shape == (1, many[0].size)


def test_the_foreign_front_end_rounds_to_nearest(tmp_path):
    record(tmp_path / "yes" / "a.wav")

    clips = mlperf_tiny_clips(class_folders(tmp_path, CONFIG.labels))

    assert clips.features.shape == (1, 49, 10)
    restored = (clips.quantized(0.6, 80).astype(float) - 80) * 0.6
    inside = (restored > -120) & (restored < 28)
    assert np.abs(restored - clips.features.reshape(1, -1))[inside].max() <= 0.3 + 1e-9


def test_a_near_name_is_proposed(tmp_path):
    record(tmp_path / "yess" / "a.wav")

    with pytest.raises(DataError, match="did you mean 'yes'"):
        class_folders(tmp_path, CONFIG.labels)


def stereo(path):
    path.write_bytes(struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36, b"WAVE", b"fmt ", 16, 1, 2, 16000, 64000, 4, 16))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.write_bytes(b""), "empty"),
        (lambda path: path.write_bytes(b"no recording at all"), "not a wav"),
        (stereo, "stereo"),
        (lambda path: write_wav(path, np.zeros(100, np.int16)), "too short"),
        (lambda path: path.mkdir(), "is a folder"),
    ],
)
def test_what_is_no_recording_is_named(tmp_path, spoil, message):
    record(tmp_path / "yes" / "a.wav")
    spoil(tmp_path / "yes" / "b.wav")

    with pytest.raises(AudioError, match=message) as error:
        folder_features(tmp_path, CONFIG)

    assert "b.wav" in str(error.value)
    assert "\n" not in str(error.value)
